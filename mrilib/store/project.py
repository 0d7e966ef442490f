"""Locations of the notebooks, their parameter files and their results."""

import difflib
import re
from collections.abc import Collection, Iterable
from pathlib import Path

MOST_NAMES = 20  # listed in a message, if they are short
LONGEST = 200  # characters of a name, or of a list of names
SMOKE = "smoke"  # profile that shows that a notebook runs, with numbers that mean nothing


class UserError(ValueError):
    """An error that the user can fix; the message is one line that says how."""


def find_root(start: Path) -> Path | None:
    """Project folder: the first of `start`, its parents and this checkout that has `notebooks/` and `params/`."""
    for folder in (start, *start.parents, Path(__file__).resolve().parents[2]):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return None


def root_here() -> Path:
    """Project folder for the working directory; raises UserError if there is none."""
    root = find_root(Path.cwd())
    if root is None:
        raise UserError(f"no folder with notebooks/ and params/ at or above {Path.cwd()}: change to the project")
    return root


def notebooks(root: Path) -> list[Path]:
    """All notebooks in reading order."""
    return sorted((root / "notebooks").glob("[0-9]*.ipynb"))


def label(name: str) -> str:
    """Convert a notebook's name to a label: `04_test_time_training` → `04 test-time training`."""
    return name.replace("_", " ").replace("test time", "test-time").replace("ttt", "TTT")


def find_notebook(text: str, root: Path) -> Path:
    """Find a notebook by path, name (`04_test_time_training`) or number (`04`, `4`).

    Raises UserError with the nearest names if no notebook, or more than one, matches.
    """
    if text.endswith(".ipynb"):
        path = Path(text)
        if path.is_file():
            return path.resolve()
        raise UserError(f"{text}: no such notebook{hint(Path(text).stem, [p.stem for p in notebooks(root)])}")
    found = [path for path in notebooks(root) if fits(text, path.stem)]
    if len(found) == 1:
        return found[0]
    names = [path.stem for path in found or notebooks(root)]
    if found:
        raise UserError(f"{text!r} matches {len(found)} notebooks: {', '.join(names)}")
    raise UserError(f"no notebook {text!r} in {root / 'notebooks'}{hint(text, names)}")


def fits(text: str, stem: str) -> bool:
    """Return whether `text` is a notebook's name or its number."""
    number = re.match(r"\d+", stem)
    return text == stem or (text.isascii() and text.isdigit() and number is not None and int(text) == int(number[0]))


def nearest(text: str, names: Iterable[str]) -> str:
    """`; did you mean '…'?` with the nearest name, or an empty string."""
    known = sorted(names)
    text = text[:LONGEST]  # the comparison takes time with the square of the length
    near = difflib.get_close_matches(text, known, 1, cutoff=0.5) or [n for n in known if text and text in n][:1]
    return f"; did you mean {near[0]!r}?" if near else ""


def hint(text: str, names: Iterable[str]) -> str:
    """`; did you mean '…'?` with the nearest name, else a list of names, else an empty string."""
    known = sorted(names)
    if found := nearest(text, known):
        return found
    return f"; there are: {listing(known)}" if known else ""


def listing(names: Collection[str]) -> str:
    """Names on one line, truncated if there are many."""
    shown = list(names)[:MOST_NAMES]
    while len(", ".join(shown)) > LONGEST:
        shown.pop()
    return ", ".join(shown) + (f", … ({len(names)} in all)" if len(names) > len(shown) else "")


def profile_of(notebook: Path, wanted: str, root: Path) -> str:
    """`wanted`, or "quick" instead of a smoke profile that the notebook lacks; its quick profile is short as well."""
    file = root / "params" / notebook.stem / f"{wanted}.yaml"
    return "quick" if wanted == SMOKE and not file.is_file() else wanted


def profile_file(notebook: Path, profile: str, root: Path) -> Path | None:
    """Path `params/<notebook>/<profile>.yaml`, or None if the notebook has no folder in `params/`.

    Raises UserError with the nearest name if the profile does not exist.
    """
    folder = root / "params" / notebook.stem
    if not folder.is_dir():
        return None
    names = [path.stem for path in folder.glob("*.yaml")]
    if profile not in names:
        raise UserError(f"{notebook.stem} has no profile {profile!r}{hint(profile, names)}")
    return folder / f"{profile}.yaml"
