"""What a run leaves behind: JSON written in one piece, fingerprints of files, versions and hardware."""

import hashlib
import json
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from mrilib import __version__

LARGE_FILE = 64 * 2**20  # bytes; hashing more than this at every look would cost seconds

Fingerprint = str | list[int]


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Raises ValueError for NaN and infinity, which JSON cannot hold, and OSError where the disk refuses.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


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


def versions() -> dict[str, str | None]:
    """Versions of what the numbers depend on; None for a package that is not installed."""
    found: dict[str, str | None] = {"python": platform.python_version(), "mrilib": __version__}
    for package in ("torch", "numpy"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = None
    return found


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
