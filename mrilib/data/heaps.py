"""Checks of global heaps in HDF5 files, which hold texts and other values of variable length, before HDF5 reads them.

HDF5 2.0 trusts the sizes of the objects in a heap: one damaged byte can make it read forever.

Reference: HDF5 File Format Specification, version 3.0, section III.E.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import h5py

from mrilib.data.stored import VolumeError

SIGNATURE = b"GCOL\x01\x00\x00\x00"  # with the version and reserved bytes
BLOCK = 2**20  # bytes read at a time
UNIT = 8  # bytes to which sizes are rounded up
Extent = tuple[int, int]  # first byte, first byte after it
_sound: set[tuple[Path, int, int, int]] = set()


def check_heaps(file: h5py.File, path: Path) -> None:
    """Check, once per file, that the objects of each global heap lie within the heap.

    Raises:
        VolumeError: an object extends beyond its heap.
        OSError: the file cannot be read.
    """
    status = path.stat()
    stamp = (path, status.st_ino, status.st_size, status.st_mtime_ns)
    if stamp in _sound:
        return
    header = _rounded(UNIT + file.id.get_create_plist().get_sizes()[1])  # as long for a heap as for an object
    with open(path, "rb") as stream:
        for start, end in _outside(_values(file), status.st_size):
            for place, size in _heaps(stream, start, end, header):
                stream.seek(place + header)
                if place + size > status.st_size or not _is_sound(stream.read(max(size - header, 0)), header):
                    raise VolumeError(
                        f"{path}: the file is damaged (a text or another value of variable length at byte {place}); "
                        "copy or download it again"
                    )
    _sound.add(stamp)


def _values(file: h5py.File) -> Iterator[Extent]:
    """Extents of the values of the file's datasets, which may make up most of the file and contain no heap."""
    try:
        names = list(file)
    except KeyError as error:  # what h5py makes of a damaged group
        raise OSError(error.args[0]) from error
    for name in names:
        try:
            data = file.get(name) if isinstance(file.get(name, getlink=True), h5py.HardLink) else None
            if not isinstance(data, h5py.Dataset):
                continue
            if (offset := data.id.get_offset()) is not None:
                yield offset, offset + data.id.get_storage_size()
            elif data.chunks:
                found: list[Extent] = []
                data.id.chunk_iter(lambda one, found=found: found.append((one.byte_offset, one.byte_offset + one.size)))
                yield from found
        except (OSError, RuntimeError, TypeError, ValueError, KeyError):  # a damaged one may not be needed
            continue


def _outside(extents: Iterable[Extent], size: int) -> Iterator[Extent]:
    """The parts of a file outside the given extents."""
    start = 0
    for first, after in sorted(extents):
        if first > start:
            yield start, min(first, size)
        start = max(start, after)
    if start < size:
        yield start, size


def _heaps(stream: BinaryIO, start: int, end: int, header: int) -> Iterator[tuple[int, int]]:
    """Positions and sizes of the heaps that begin between two bytes."""
    while start < end:
        stream.seek(start)
        block = stream.read(min(BLOCK, end - start))
        at = block.find(SIGNATURE)
        if at < 0:
            start += max(len(block) - len(SIGNATURE) + 1, 1)
            continue
        stream.seek(start + at + UNIT)
        size = _number(stream.read(header - UNIT))
        yield start + at, size
        start += at + max(size, header)


def _is_sound(content: bytes, header: int) -> bool:
    """Whether each object in a heap is at least as long as its header and ends within the heap."""
    at = 0
    while at + header <= len(content):
        length = _number(content[at + UNIT : at + header])
        if content[at : at + 2] != b"\0\0":  # the index, which is 0 for free space; this counts its header
            length = header + _rounded(length)
        at += length
        if length < header or at > len(content):
            return False
    return True


def _number(content: bytes) -> int:
    return int.from_bytes(content, "little")


def _rounded(count: int) -> int:
    return -(-count // UNIT) * UNIT
