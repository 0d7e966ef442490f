"""A folder or archive for teaching offline: the project, its wheels, and the slices that the course needs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from mrilib.classroom import sheets, texts
from mrilib.classroom.files import (
    CACHE,
    CONSTRAINTS,
    PROJECT,
    WHEELS,
    changed,
    copy_project,
    pack,
    read_manifest,
    write_manifest,
)
from mrilib.running.batch import Progress, clock, run_all
from mrilib.running.failures import RunError, first_line
from mrilib.running.jobs import Job, plan
from mrilib.running.runner import Outcome
from mrilib.store.paths import publish, scratch_folder
from mrilib.store.project import UserError, notebooks

LAST_LESSON = 6  # the course ends with notebook 06
Say = Callable[[str], None]


def prepare(root: Path, target: Path, zipped: bool, wheels: bool, say: Say) -> Path:
    """Create the classroom at `target` atomically; returns its path.

    The course is run once with its own cache, which becomes part of the classroom, so that the course also runs there.

    Args:
        root: the project, a checkout or a copy of one.
        target: a folder, or with `zipped` an archive (`.zip` is appended if missing).
        wheels: whether to download them with pip; if not, a list of them is written.
        say: called with a description of each step.

    Raises UserError for a foreign target or an incomplete project, RunError if a notebook or pip fails, or OSError.
    """
    target = target.absolute()
    target = target.with_name(target.name + ".zip") if zipped and target.suffix != ".zip" else target
    refuse_foreign(target)
    check_project(root)
    with scratch_folder(target) as scratch:
        folder = scratch / target.stem
        copy_project(root, folder / PROJECT)
        rehearse(root, folder / CACHE, say)
        collect_wheels(root, scratch / "build", folder / WHEELS) if wheels else list_wheels(root, folder / WHEELS)
        texts.write(folder, wheels)
        sheets.write(root, folder)
        write_manifest(folder, root)
        say(f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.0f} MB")
        publish(pack(folder, scratch / "archive.zip") if zipped else folder, target, scratch / "before")
    return target


def refuse_foreign(target: Path) -> None:
    """Raise UserError if `target` exists and is not a classroom, or if someone has worked in it."""
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if read_manifest(target) is None:
        raise UserError(f"{target}: exists and is not an mrilib classroom; give another name, or remove it")
    if target.is_dir() and (different := changed(target)):
        raise UserError(f"{target}: {different[0]} has been changed since it was made; give another name, or remove it")


def check_project(root: Path) -> None:
    """Raise UserError naming anything the project lacks for a classroom."""
    for name in ("pyproject.toml", CONSTRAINTS, "mrilib/weights"):
        if not (root / name).exists():
            raise UserError(f"{root}: has no {name}; a classroom is made from a checkout of the repository")
    cards = sorted((root / "mrilib" / "weights").glob("*.json"))
    lost = [card.stem for card in cards if not card.with_suffix(".safetensors").is_file()]
    if lost or not cards:
        raise UserError(f"weights missing: {', '.join(lost) or 'all'}; `git checkout -- mrilib/weights` restores them")


def course(root: Path) -> list[Path]:
    """Notebooks of the course, in reading order."""
    return [path for path in notebooks(root) if int(path.stem[:2]) <= LAST_LESSON]


def rehearse(root: Path, cache: Path, say: Say) -> None:
    """Run the course in the quick profile with `cache`, which then contains all files that it read; raises RunError."""

    def told(job: Job, end: Outcome | RunError) -> None:
        say(f"{job.name} {clock(end.seconds)}" if isinstance(end, Outcome) else f"{job.name} failed")

    cache.mkdir(parents=True)
    with caching_in(cache), TemporaryDirectory() as runs:
        jobs = [plan(path, root, runs=Path(runs)) for path in course(root)]
        for end in run_all(jobs, 1, False, Progress(), told, lambda: None):
            if isinstance(end, RunError):
                raise end


@contextmanager
def caching_in(cache: Path) -> Iterator[None]:
    """Make kernels started in this block store and find simulated slices in `cache`."""
    before = os.environ.get("MRILIB_CACHE")
    os.environ["MRILIB_CACHE"] = str(cache)
    try:
        yield
    finally:
        os.environ.pop("MRILIB_CACHE")
        if before is not None:
            os.environ["MRILIB_CACHE"] = before


def collect_wheels(root: Path, build: Path, folder: Path) -> None:
    """Collect the wheels of mrilib and its dependencies for this system and Python, in the pinned versions."""
    copy_project(root, build)  # building leaves files behind
    pip([*("wheel", "--quiet", "--wheel-dir", str(folder)), "--constraint", str(root / CONSTRAINTS), str(build)])


def pip(arguments: Sequence[str]) -> None:
    """Run pip; raises RunError with its first error."""
    done = subprocess.run([sys.executable, "-m", "pip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        reason = first_line(errors[0] if errors else done.stderr)
        raise RunError(f"pip {arguments[0]}: {reason}; without internet access, use --no-wheels")


def list_wheels(root: Path, folder: Path) -> None:
    """Write a list of the wheels, so that they can be downloaded elsewhere."""
    folder.mkdir()
    shutil.copyfile(root / CONSTRAINTS, folder / "list.txt")
