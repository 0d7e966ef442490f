"""Check that an unpacked classroom is complete and works on this machine."""

import importlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from mrilib.classroom.classroom import caching_in, course
from mrilib.classroom.files import CACHE, PROJECT, changed, read_manifest
from mrilib.running.doctor import Finding
from mrilib.running.failures import RunError, first_line
from mrilib.running.jobs import plan
from mrilib.running.runner import run

OLDEST = (3, 11)
ROOM = 2e9  # bytes, for an environment installed from wheels and the results of a course in runs/
MODULES = (
    *("altair", "anywidget", "font_source_sans_pro", "h5py", "ipywidgets", "jupyterlab", "loky", "nibabel", "numpy"),
    *("papermill", "PIL", "pydantic", "yaml", "safetensors", "scipy", "sigpy", "torch", "tqdm", "vl_convert"),
)


def examine(folder: Path) -> list[Finding]:
    """Check files, Python, disk and packages, then run the first notebook; raises UserError outside a classroom."""
    files = list(whole(folder))
    looks: tuple[Callable[[Path], Iterable[Finding]], ...] = (python, room, packages)
    findings = files + [finding for look in looks for finding in look(folder)]
    return findings if any(one.state == "broken" for one in findings) else [*findings, smoke(folder)]


def whole(folder: Path) -> Iterable[Finding]:
    """Check that every file is unchanged; a changed notebook is a user's work, not an error."""
    different = changed(folder)
    total = len((read_manifest(folder) or {})["files"])
    for name in different:
        touched = name.endswith(".ipynb") and (folder / name).is_file()
        found = "changed" if (folder / name).is_file() else "not there"
        yield Finding(name, "missing" if touched else "broken", found, "unpack the archive or copy this file again")
    if not different:
        yield Finding("files", "ok", f"all {total} unchanged")


def python(folder: Path) -> Iterable[Finding]:
    """Check that this interpreter is new enough and matches the wheels."""
    here, wheels = sys.version.split()[0], (read_manifest(folder) or {}).get("python")
    if sys.version_info < OLDEST:
        yield Finding("Python", "broken", here, f"install Python {OLDEST[0]}.{OLDEST[1]} or newer")
    elif f"{sys.version_info.major}.{sys.version_info.minor}" != wheels:
        yield Finding("Python", "missing", here, f"the wheels are for Python {wheels}; this version needs other wheels")
    else:
        yield Finding("Python", "ok", here)


def room(folder: Path) -> Iterable[Finding]:
    """Check that the disk has room for the environment and the results."""
    free = shutil.disk_usage(folder).free
    enough = free >= ROOM
    advice = "" if enough else f"free {(ROOM - free) / 1e9:.1f} GB, or copy the folder to another disk"
    yield Finding("disk", "ok" if enough else "broken", f"{free / 1e9:.1f} GB free", advice)


def packages(folder: Path) -> Iterable[Finding]:
    """Check that everything the notebooks import can be imported."""
    lost = {name: reason for name in MODULES if (reason := import_fault(name))}
    for name, reason in lost.items():
        yield Finding(name, "broken", reason, "pip install --no-index --find-links wheels mrilib")
    if not lost:
        yield Finding("packages", "ok", f"{len(MODULES)} imported")


def import_fault(name: str) -> str:
    """Reason why a module cannot be imported, or an empty string if it can."""
    try:
        importlib.import_module(name)
    except Exception as error:  # a broken wheel may raise anything
        return f"{type(error).__name__}: {first_line(error)}"
    return ""


def smoke(folder: Path) -> Finding:
    """Run the first notebook and discard its results."""
    root = folder / PROJECT
    first, started = course(root)[0], time.monotonic()
    try:
        with caching_in(folder / CACHE), TemporaryDirectory() as runs:
            run(plan(first, root, runs=Path(runs)))
    except RunError as error:
        return Finding(first.stem, "broken", first_line(error), f"open {PROJECT}/notebooks/{first.name} and run it")
    return Finding(first.stem, "ok", f"ran in {time.monotonic() - started:.0f} s")
