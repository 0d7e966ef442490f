"""Verification of volumes against the checksums beside them, such as `scan.h5.sha256`, written when they are made.

A volume is hashed when it is first read through the catalogue or from a training folder, and again only after its size
or times have changed. The cache stores the result. Reading every byte before each run would take longer than a quick
run itself. `data get`, `doctor` and `run --check` always hash fetched data sets, and thus detect bytes that changed on
disk without the file system noticing.
"""

import hashlib
from pathlib import Path

from mrilib.data.stored import VolumeError
from mrilib.store.paths import cache_dir
from mrilib.store.records import read_json, sha256_of, write_json
from mrilib.store.sealed import DamagedError, beside, read_beside

BLOCKS, BLOCK = 16, 2**16  # places of a volume that are hashed where it has no checksum, and bytes of each

_checked: dict[Path, list[object]] = {}


def checksum_of(path: Path) -> str | None:
    """The checksum beside a file, or None if there is none; raises VolumeError if it is not a checksum of this file."""
    try:
        return read_beside(path)
    except DamagedError as error:
        raise VolumeError(f"{error}; {_advice(path)}") from error


def verify(path: Path, afresh: bool = False) -> None:
    """Check a file against the checksum beside it; a file without a checksum is not checked.

    Args:
        path: the file.
        afresh: hash the file in any case, not only after a change.

    Raises:
        VolumeError: the content does not match the checksum.
        OSError: it cannot be read.
    """
    expected = checksum_of(path)
    if expected is None:
        return
    if not path.exists():
        raise VolumeError(f"{path}: no such file, though its checksum exists; {_advice(path)}")
    state = [expected, *_times(path)]
    if not afresh and state in (_checked.get(path), (read_json(_memory(path)) or {}).get("state")):
        _checked[path] = state
        return
    if (found := sha256_of(path)) != expected:
        raise VolumeError(
            f"{path}: sha256 is {found[:16]}…, but {beside(path).name} says {expected[:16]}…: changed since it was "
            f"written; {_advice(path)}"
        )
    _checked[path] = state
    try:
        write_json(_memory(path), {"path": str(path), "state": state})
    except OSError:  # a cache that cannot be written to costs time, no correctness
        return


def sampled(path: Path) -> str:
    """Identifier of a file's content: the checksum beside it, or else the SHA-256 of its size and of 1 MB of it.

    The megabyte is spread over the file in 16 blocks, all of which differ between files with different k-space. Reading
    a thousand volumes in full would take an hour.

    Raises:
        VolumeError: as in `checksum_of`.
        OSError: it cannot be read.
    """
    if (known := checksum_of(path)) is not None:
        return known
    size = path.stat().st_size
    state = hashlib.sha256(str(size).encode())
    with open(path, "rb") as stream:
        for block in range(BLOCKS):
            stream.seek(block * max(size - BLOCK, 0) // (BLOCKS - 1))
            state.update(stream.read(BLOCK))
    return state.hexdigest()


def _advice(path: Path) -> str:
    return f"convert or fetch it again, or, if the change was intended, delete {beside(path).name}"


def _times(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns]


def _memory(path: Path) -> Path:
    name = hashlib.sha256(str(path.resolve()).encode()).hexdigest()
    return cache_dir() / "verified" / f"{name[:32]}.json"
