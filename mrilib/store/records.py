"""What a run leaves behind: JSON written in one piece, fingerprints of files, versions and hardware."""

import hashlib
import json
import os
import platform
import re
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from mrilib import __version__
from mrilib.store.paths import PACKAGE, atomic_write, cache_dir

LARGE_FILE = 64 * 2**20  # bytes; hashing more than this at every look would cost seconds

Fingerprint = str | list[int]
RUN_DIR = "MRILIB_RUN_DIR"  # where the runner wants its results
INPUTS = "inputs.jsonl"  # which files a run read, noted as they are read, so that changing one makes it stale
_noted: set[tuple[str, Path]] = set()


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Raises ValueError for NaN and infinity, which JSON cannot hold, and OSError where the disk refuses.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`, or None where there is no complete one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def fingerprint(path: Path) -> Fingerprint:
    """SHA-256 of a file's bytes; above 64 MB `[size, mtime_ns]`. Raises OSError where it cannot be read."""
    status = path.stat()
    if status.st_size > LARGE_FILE:
        return [status.st_size, status.st_mtime_ns]
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest(content: Any) -> str:
    """SHA-256 of a JSON-able value, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=True).encode()).hexdigest()


def versions(packages: Sequence[str] = ("torch", "numpy")) -> dict[str, str | None]:
    """Versions of Python, of this package and of others that numbers depend on; None for one that is not installed."""
    return {"python": platform.python_version(), "mrilib": __version__, **{name: _version(name) for name in packages}}


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def dependencies() -> list[str]:
    """The packages that this one requires, without its extras."""
    try:
        wanted = requires("mrilib") or []
    except PackageNotFoundError:
        return ["torch", "numpy"]
    return sorted(re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in wanted if "extra ==" not in line)


def cores() -> int:
    """CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cpu_name() -> str:
    """The processor as its maker calls it, where the system says so."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def hardware() -> dict[str, Any]:
    """Processor, cores, torch threads and GPU (None without one)."""
    import torch  # half a second, which `mrilib --help` should not pay

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"cpu": cpu_name(), "cores": cores(), "threads": torch.get_num_threads(), "gpu": gpu}


def publish(made: Path, target: Path, before: Path) -> None:
    """Give a finished file or folder its final name; what had it goes to `before`, and comes back on failure."""
    if target.exists():
        os.replace(target, before)
    try:
        os.replace(made, target)
    except OSError:
        if before.exists():
            os.replace(before, target)
        raise


def note(path: Path) -> None:
    """Note a file that results depend on. Outside a run, and of files in the cache, which follow from others, nothing.

    Raises:
        OSError: it cannot be read.
    """
    folder = os.environ.get(RUN_DIR)
    if folder and not path.resolve().is_relative_to(cache_dir().resolve()):
        note_in(Path(folder), path)


def note_in(folder: Path, path: Path) -> None:
    """Note a file in the folder of a run, once; several processes may do so at the same time. OSError as `note`."""
    found = path.resolve()
    if (str(folder), found) in _noted and (folder / INPUTS).exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"path": portable(found), "fingerprint": fingerprint(found)}) + "\n"
    with open(folder / INPUTS, "a", encoding="utf-8") as stream:  # one short line: written in one piece
        stream.write(line)
    _noted.add((str(folder), found))


def portable(path: Path) -> str:
    """A file of the package by its place in it, any other by its whole path."""
    return path.relative_to(PACKAGE.parent).as_posix() if path.is_relative_to(PACKAGE) else str(path)


def whole(path: str) -> Path:
    """What `portable` was given."""
    return PACKAGE.parent / path


def noted(folder: Path) -> dict[str, Fingerprint]:
    """Fingerprints of what was noted in a folder, by `portable` path, the first of each."""
    try:
        lines = (folder / INPUTS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    found: dict[str, Fingerprint] = {}
    for entry in map(json.loads, lines):
        found.setdefault(entry["path"], entry["fingerprint"])
    return dict(sorted(found.items()))
