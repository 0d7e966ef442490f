"""Records of a run: atomically written JSON, fingerprints of files, versions and hardware."""

import hashlib
import json
import os
import platform
import re
from collections.abc import Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from mrilib import __version__
from mrilib.store.paths import PACKAGE, atomic_write, cache_dir
from mrilib.store.texts import parse_json, read_text

LARGE_FILE = 64 * 2**20  # bytes; hashing more than this on every check would take seconds

SHOWING = ("anywidget", "ipywidgets", "jupyterlab", "papermill")  # what they require changes no number
Fingerprint = str | list[int]
RUN_DIR = "MRILIB_RUN_DIR"  # variable that names the runner's results folder
FETCHED = "data"  # folder of the cache for data that were fetched and derive from nothing here
BESIDE = ".sha256"  # suffix of the checksum beside a file
INPUTS = "inputs.jsonl"  # files that a run read, noted as they are read, so that changing one makes the run stale
_noted: set[tuple[str, Path]] = set()


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` atomically, so that readers see either the old file or the new one.

    Raises ValueError for NaN and infinity, which JSON cannot represent, and OSError if writing fails.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read the JSON object in `path`; None if there is no complete one."""
    try:
        content = parse_json(read_text(path))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def fingerprint(path: Path) -> Fingerprint:
    """SHA-256 of a file's bytes, or `[size, mtime_ns]` above 64 MB; for a folder, that of its files' names and sizes.

    Raises OSError if it cannot be read.
    """
    status = path.stat()
    if path.is_dir():
        files = (one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
        return digest(sorted([one.name, one.stat().st_size] for one in files if one.suffix != BESIDE))
    if status.st_size > LARGE_FILE:
        return [status.st_size, status.st_mtime_ns]
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes; raises OSError if it cannot be read."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(content: Any) -> str:
    """SHA-256 of a JSON-serialisable value, independent of key order."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def versions(packages: Sequence[str] = ("torch", "numpy")) -> dict[str, str | None]:
    """Versions of Python, this package and others that affect the results; None for one that is not installed."""
    return {"python": platform.python_version(), "mrilib": __version__, **{name: _version(name) for name in packages}}


@cache
def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def dependencies() -> list[str]:
    """Packages that this one requires, excluding its extras."""
    try:
        wanted = requires("mrilib") or []
    except PackageNotFoundError:
        return ["torch", "numpy"]
    return sorted(_name(line) for line in wanted if "extra ==" not in line)


@cache
def required(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Installed packages that affect numbers: `packages` and what they require, not following those that show pages."""
    found: set[str] = set()
    waiting = [_plain(name) for name in packages]
    while waiting:
        name = waiting.pop()
        if name in found or _version(name) is None:
            continue
        found.add(name)
        lines = [] if name in SHOWING else requires(name) or []
        waiting += [_name(line) for line in lines if "extra ==" not in line]
    return tuple(sorted(found))


def _name(requirement: str) -> str:
    return _plain(re.split(r"[^\w.-]", requirement, maxsplit=1)[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def cores() -> int:
    """Number of CPU cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def cpu_name() -> str:
    """Model name of the processor if the system reports it, else its generic name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def hardware() -> dict[str, Any]:
    """Processor, cores, torch threads and GPU (None without one)."""
    import torch  # takes half a second, too slow for `mrilib --help`

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"cpu": cpu_name(), "cores": cores(), "threads": torch.get_num_threads(), "gpu": gpu}


def note(path: Path) -> None:
    """During a run, note a file or folder that results depend on; cached files other than fetched data are left out.

    Raises:
        OSError: it cannot be read.
    """
    folder = os.environ.get(RUN_DIR)
    place, cache = path.resolve(), cache_dir().resolve()
    if folder and (place.is_relative_to(cache / FETCHED) or not place.is_relative_to(cache)):
        note_in(Path(folder), path)


def note_in(folder: Path, path: Path) -> None:
    """Note a file once in a run's folder, which several processes may do concurrently; raises OSError like `note`."""
    found = path.resolve()
    if (str(folder), found) in _noted and (folder / INPUTS).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"path": portable(found), "fingerprint": fingerprint(found)}) + "\n"
    with open(folder / INPUTS, "a", encoding="utf-8") as stream:  # one short line, so the write is atomic
        stream.write(line)
    _noted.add((str(folder), found))


def portable(path: Path) -> str:
    """Path within the package for its files, the full path for any other file."""
    return path.relative_to(PACKAGE.parent).as_posix() if path.is_relative_to(PACKAGE) else str(path)


def whole(path: str) -> Path:
    """Inverse of `portable`."""
    return PACKAGE.parent / path


def noted(folder: Path) -> dict[str, Fingerprint]:
    """First fingerprint of each file noted in a folder, by `portable` path."""
    try:
        lines = (folder / INPUTS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found: dict[str, Fingerprint] = {}
    for entry in map(json.loads, lines):
        found.setdefault(entry["path"], entry["fingerprint"])
    return dict(sorted(found.items()))
