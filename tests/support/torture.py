"""Attacks on the command and kills of it: what a case is, how it is judged, and the table of what became of all."""

import contextlib
import io
import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tiny_project import PATIENCE

from mrilib.cli import main

COLUMNS = ("inputs", "refused", "right", "tracebacks", "hangs", "wrong", "kills", "identical")
GOOD = ("refused", "right")
SECONDS = round(120 * PATIENCE)  # of one attack; more is a hang


@dataclass(frozen=True)
class Attack:
    """One bad input of the command.

    Args:
        area: row of the table.
        name: the case in a few words.
        prepare: writes the input into an empty folder, which is the working directory, and returns the arguments.
        named: what a refusal must contain: the file or the parameter.
        right: of an input that is taken, whether what was written below the folder is right.
    """

    area: str
    name: str
    prepare: Callable[[Path], Sequence[str]]
    named: str
    right: Callable[[Path], bool] = lambda folder: False


@dataclass
class Tally:
    """Counts by area; `worse` lists what is neither refused nor right."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    worse: list[str] = field(default_factory=list)

    def note(self, area: str, outcome: str, said: str = "") -> None:
        """Count one input: `refused`, `right`, `traceback`, `hang` or `wrong`, then a colon and details if any."""
        kind = outcome.partition(":")[0]
        column = kind if kind in (*GOOD, "wrong") else f"{kind}s"
        self.counts.setdefault(area, Counter()).update(["inputs", column])
        if kind not in GOOD:
            self.worse.append(f"{area}, {said}: {outcome}")

    def kill(self, area: str, kills: int, identical: bool, said: str = "") -> None:
        """Count a series of kills after which the results were, or were not, those of an undisturbed run."""
        self.counts.setdefault(area, Counter()).update({"kills": kills, "identical": kills * identical})
        if not identical:
            self.worse.append(f"{area}: results differ after {kills} kills: {said}")

    def plain(self) -> dict[str, Any]:
        """Values that another process can be sent, for its `add`."""
        return {"counts": {area: dict(counts) for area, counts in self.counts.items()}, "worse": self.worse}

    def add(self, counts: dict[str, dict[str, int]], worse: list[str]) -> None:
        """Add what another process counted."""
        for area, numbers in counts.items():
            self.counts.setdefault(area, Counter()).update(numbers)
        self.worse += worse

    def table(self) -> str:
        """The counts, one line an area and their sum."""
        total = sum(self.counts.values(), Counter())
        rows = [*sorted(self.counts.items()), ("all", total)]
        lines = ["".join([f"{'':<22}", *(f"{name:>11}" for name in COLUMNS)])]
        lines += ["".join([f"{area:<22}", *(f"{counts[name]:>11}" for name in COLUMNS)]) for area, counts in rows]
        return "\n".join(lines)


class Hang(BaseException):
    """An attack took too long."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """Raise Hang in this thread after so many seconds."""

    def late(*_: object) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judge(attack: Attack, folder: Path) -> str:
    """Outcome of an attack below an empty folder; see `Tally.note`."""
    folder.mkdir(parents=True)
    out, err = io.StringIO(), io.StringIO()
    cache = {"MRILIB_CACHE": str(folder / "cache"), "MRILIB_DATA": str(folder / "no data")}
    try:
        with patch.dict(os.environ, cache), contextlib.chdir(folder), limited(SECONDS), warnings.catch_warnings():
            warnings.simplefilter("default")  # as for the command, a warning is no error
            arguments = list(attack.prepare(folder))
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = main(arguments)
    except Hang:
        return f"hang: more than {SECONDS} s"
    except BaseException as error:
        return f"traceback: {type(error).__name__}: {error!s:.200}"
    if status == 0:
        return "right" if attack.right(folder) else f"wrong: taken, {out.getvalue()[-200:]!r}"
    return refusal(out.getvalue(), err.getvalue(), attack.named)


def refusal(out: str, err: str, named: str) -> str:
    """Whether what was printed is a refusal: one line (two after a list of files) that names what is wrong."""
    lines = [line for line in err.splitlines() if line] or [line for line in out.splitlines() if "MISSING" in line]
    if not 1 <= len(lines) <= 2 or "Traceback" in err or any(len(line) > 1000 for line in lines):
        return f"traceback: not one line: {err[-300:]!r}"
    return "refused" if any(named in line for line in lines) else f"wrong: does not name {named}: {lines}"
