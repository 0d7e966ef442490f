"""Storage of prepared slices, so that coil maps are estimated once: first in memory, then in a temporary file."""

import os
import shutil
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import IO
from weakref import WeakKeyDictionary, finalize

import numpy as np
import torch
from torch import Tensor

from mrilib.data.stored import in_bytes
from mrilib.sample import TENSORS, Sample
from mrilib.store.paths import cache_dir

MEMORY = 2 * 10**9  # bytes of prepared slices that all lists of a process hold in memory
SMALL = 2**16  # bytes; smaller tensors are not worth a file
_held: "WeakKeyDictionary[Kept, int]" = WeakKeyDictionary()  # bytes in memory by list


@dataclass(frozen=True)
class _Filed:
    """A tensor in a file."""

    stream: IO[bytes]
    offset: int
    kind: np.dtype
    shape: tuple[int, ...]

    def tensor(self) -> Tensor:
        """The tensor, mapped into memory: pages are read when used and released when memory is short."""
        return torch.from_numpy(np.memmap(self.stream, self.kind, "c", self.offset, self.shape))


@dataclass(frozen=True)
class _FiledSample:
    """A sample whose large tensors are in a file."""

    tensors: dict[str, Tensor | _Filed]
    names: tuple[str, ...]
    recon_size: tuple[int, int]

    def sample(self) -> Sample:
        """The sample, mapped into memory."""
        found = {name: one.tensor() if isinstance(one, _Filed) else one for name, one in self.tensors.items()}
        return Sample(names=self.names, recon_size=self.recon_size, **found)


class Kept:
    """Samples by number. The file has no name and disappears when the process ends, however it ends.

    Args:
        memory: number of bytes that all lists of the process together may hold in memory.
    """

    def __init__(self, memory: int = MEMORY) -> None:
        self.memory = memory
        self._samples: dict[int, Sample | _FiledSample] = {}
        self._stream: IO[bytes] | None = None
        self._owner = 0  # process of the file: a forked one takes a file of its own
        self._lock = threading.Lock()
        _held[self] = 0

    def __reduce__(self) -> tuple[type["Kept"], tuple[int]]:
        return Kept, (self.memory,)

    def sample(self, item: int, make: Callable[[int], Sample]) -> Sample:
        """Return a stored sample, or make and store it; without space to store it, it is made again next time."""
        with self._lock:
            kept = self._samples.get(item)
        if kept is None:
            kept = make(item)
            with self._lock:
                self._keep(item, kept)
        return kept if isinstance(kept, Sample) else kept.sample()

    def _keep(self, item: int, sample: Sample) -> None:
        size = sum(getattr(sample, name).nbytes for name in TENSORS)
        if sum(_held.values()) + size <= self.memory:
            self._samples[item] = sample
            _held[self] += size
            return
        try:
            self._samples[item] = self._filed(sample)
        except OSError as error:
            warnings.warn(
                f"{cache_dir()}: no space for prepared slices ({error.strerror}); their coil maps are estimated again "
                "each time. Free some space, or set MRILIB_CACHE to another folder",
                stacklevel=4,
            )

    def _filed(self, sample: Sample) -> _FiledSample:
        stream = self._file()
        start = stream.seek(0, os.SEEK_END)
        try:
            tensors = {name: _written(stream, getattr(sample, name)) for name in TENSORS}
        except OSError:
            stream.truncate(start)
            raise
        return _FiledSample(tensors, sample.names, sample.recon_size)

    def _file(self) -> IO[bytes]:
        if self._stream is None or self._owner != os.getpid():
            cache_dir().mkdir(parents=True, exist_ok=True)
            self._stream, self._owner = TemporaryFile(dir=cache_dir(), buffering=0), os.getpid()  # noqa: SIM115
            finalize(self, self._stream.close)  # what is mapped stays so
        return self._stream


def _written(stream: IO[bytes], tensor: Tensor) -> Tensor | _Filed:
    if tensor.nbytes < SMALL:
        return tensor.clone()  # a view would hold the memory of what it is a view of
    values = tensor.contiguous().numpy()
    offset, content = stream.tell(), values.reshape(-1).view(np.uint8)
    while len(content):
        content = content[stream.write(content.data) :]
    return _Filed(stream, offset, values.dtype, values.shape)


def size_of(coils: int, shape: tuple[int, int], maps: bool = True) -> int:
    """Size in bytes of a prepared slice (coil, ky, kx): under-sampled k-space, coil maps, target and reference."""
    return 4 * shape[0] * shape[1] * ((4 if maps else 2) * coils + 3)


def in_words(size: int) -> tuple[str, bool]:
    """Text that says where a list of `size` bytes is kept, and whether there is room for it."""
    if size <= MEMORY:
        return f"{in_bytes(size)}, in memory", True
    cache, filed = cache_dir(), size - MEMORY
    free = shutil.disk_usage(next(folder for folder in (cache, *cache.parents) if folder.exists())).free
    placed = f"{in_bytes(MEMORY)} in memory, {in_bytes(filed)} in a temporary file in {cache}"
    return f"{in_bytes(size)}: {placed}, where {in_bytes(free)} are free", filed <= free
