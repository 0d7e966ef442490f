"""Volumes are verified against the checksums beside them, written once they are converted or fetched: `scan.h5.sha256`.

A volume is hashed when it is first read through the catalogue or from a folder to train on, and again only after its
size or times changed; what was found is remembered in the cache. Reading every byte before each of thousands of runs
would take longer than the quick ones. `data get`, `doctor` and `run --check` always hash the sets that were fetched,
and so find a disk that changes bytes without the file system knowing.
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
    """The checksum beside a file, None if there is none; raises VolumeError if it is no checksum of this file."""
    try:
        return read_beside(path)
    except DamagedError as error:
        raise VolumeError(f"{error}; {_advice(path)}") from error


def verify(path: Path, afresh: bool = False) -> None:
    """Check a file against the checksum beside it; one without is not judged.

    Args:
        path: the file.
        afresh: hash it in any case, not only after a change.

    Raises:
        VolumeError: its content is another one.
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
    """What tells a file's content from another one's: the checksum beside it, else SHA-256 of its size and of 1 MB.

    The megabyte is spread over the file in 16 blocks, of which another k-space of the same size changes every one;
    to read all of a thousand volumes would take an hour.

    Raises:
        VolumeError: as `checksum_of`.
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
