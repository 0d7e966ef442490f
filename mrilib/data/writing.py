"""Writing of converted volumes: block by block, checked, and never over an existing file."""

import errno
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mrilib.data import header
from mrilib.data.checksums import checksum_of, verify
from mrilib.data.conversion import Converted
from mrilib.data.created import new_file
from mrilib.data.kspace import check_kspace, measured, under_sampled
from mrilib.data.layout import VolumeError, check_layout, opened
from mrilib.data.stored import attributes_of
from mrilib.data.truth import AGREEMENT
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop
from mrilib.store.paths import scratch_folder
from mrilib.store.sealed import seal

DAMAGED = ".damaged"
NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV)  # of file systems without hard links
Say = Callable[[str], None]


def write_converted(path: Path, one: Converted, source: Path, origin: Mapping[str, str], say: Say) -> bool:
    """Write a volume and its checksum, unless the volume exists already.

    Args:
        path: path of the volume.
        one: the volume.
        source: path of the file from which it is made, for messages.
        origin: attributes that state what the volume is made from, and how.
        say: called with messages for the user.

    Returns:
        Whether the volume was written.

    Raises:
        VolumeError: `path` is another file, or the volume is not usable.
        OSError: it cannot be written.
    """
    damaged = None
    if path.exists():
        damaged = _damage(path, source, origin)
        if damaged is None:
            return False
    try:
        with _new_file(path) as temporary:
            _write(temporary, source, one, origin, say)
            if damaged:
                _put_aside(path, damaged, say)
    except FileExistsError:
        if _damage(path, source, origin):
            raise VolumeError(f"{path} already exists and is not overwritten; give another --output") from None
        return False  # another process made the same conversion meanwhile
    seal(path)
    return True


def _put_aside(path: Path, damaged: str, say: Say) -> None:
    kept = path.with_name(path.name + DAMAGED)
    if os.path.lexists(kept):
        raise VolumeError(f"{damaged}; {kept.name} already exists as well: move one of them away")
    os.rename(path, kept)
    say(f"{damaged}; it is kept as {kept.name}, and made again")


def _damage(path: Path, source: Path, origin: Mapping[str, str]) -> str | None:
    """What is wrong with an earlier conversion, or None; raises VolumeError if the file is not such a conversion."""
    if (expected := checksum_of(path)) is not None:
        try:
            verify(path, afresh=True)
        except VolumeError as error:
            return str(error)
    try:
        with opened(path) as file:
            attributes = attributes_of(file, path)
    except VolumeError:
        attributes = {}
    if any(attributes.get(name) != value for name, value in origin.items()):
        raise VolumeError(
            f"{path} already exists, is not this conversion of {source}, and is not overwritten: give another --output"
        )
    if expected is None:  # killed between the two
        seal(path)
    return None


@contextmanager
def _new_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path, which atomically becomes `path`; raises FileExistsError if `path` exists by then."""
    with scratch_folder(path) as scratch:
        temporary = scratch / path.name
        yield temporary
        with open(temporary, "rb+") as stream:
            os.fsync(stream.fileno())
        _move(temporary, path)


def _move(temporary: Path, path: Path) -> None:
    """Give a finished file its name; raises FileExistsError if another file has it."""
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from None
        os.rename(temporary, path)


def _write(temporary: Path, source: Path, one: Converted, origin: Mapping[str, str], say: Say) -> None:
    check_layout(source, one.shape, True, "found")
    found = _Found(one, source)
    with new_file(temporary) as file:
        data = file.create_dataset("kspace", one.shape, np.complex64)
        for slices, coils, kspace in one.blocks(temporary.parent):
            found.add(slices, coils, kspace)
            data[slices, coils] = kspace.numpy()
        found.check()
        check_kspace(torch.from_numpy(data[one.shape[0] // 2]), f"{source}: k-space")
        mask, target = found.mask(say), found.target(say)
        if mask is not None:
            file["mask"] = mask
        attributes: dict[str, Any] = {"acquisition": "unknown", "patient_id": source.stem}
        if target is not None:
            file["reconstruction_rss"] = target
            attributes |= {"max": float(target.max()), "norm": float(np.linalg.norm(target))}
        file["ismrmrd_header"] = header.compose(one.shape[2:], found.size, one.padding)
        file.attrs.update({**attributes, **one.attributes, **origin})


class _Found:
    """Properties of a volume, gathered block by block."""

    def __init__(self, one: Converted, path: Path) -> None:
        slices, coils, rows, columns = one.shape
        self.one, self.path = one, path
        self.size = one.recon_size or (rows, columns)
        if self.size[0] > rows or self.size[1] > columns:
            raise VolumeError(f"{path}: images of {self.size} do not fit in k-space of {(rows, columns)}")
        self.power = torch.zeros(slices, *self.size)
        self.alive = torch.zeros(slices, coils, dtype=torch.bool)
        self.columns = torch.zeros(slices, columns, dtype=torch.bool)
        self.seen = torch.zeros(rows, columns, dtype=torch.bool)

    def add(self, slices: slice, coils: slice, kspace: Tensor) -> None:
        """Take a block into account.

        Raises:
            VolumeError: it holds NaN, infinite values or values beyond single precision.
        """
        if not all(torch.isfinite(torch.view_as_real(one)).all() for one in kspace):
            raise VolumeError(
                f"{self.path}: k-space holds NaN, infinite values or values beyond single precision "
                f"({torch.finfo(torch.float32).max:.1e}) in slice {slices.start or 0} or later; scale it, or fetch the "
                "file again"
            )
        for index, one in zip(range(self.one.shape[0])[slices], kspace, strict=True):  # a slice at a time, for memory
            filled = one != 0
            self.alive[index, coils] |= filled.flatten(1).any(1)
            self.columns[index] |= filled.any(0).any(0)
            self.seen |= filled.any(0)
            self.power[index] += torch.view_as_real(center_crop(ifft2c(one), self.size)).square().sum((0, -1))

    def check(self) -> None:
        """Raise VolumeError if the volume lacks coils or lines, or its images are beyond single precision."""
        for name, alive in (("slice", self.alive.any(1)), ("coil", self.alive.any(0))):
            if empty := (~alive).nonzero().flatten().tolist():
                raise VolumeError(f"{self.path}: {name} {empty} is zero everywhere; write the file without it")
        if not self.alive.all():
            index, coil = (~self.alive).nonzero()[0].tolist()
            raise VolumeError(f"{self.path}: slice {index}, coil {coil} is zero everywhere; fetch the file again")
        if (odd := (self.columns != self.columns[:1]).any(1)).any():
            raise VolumeError(
                f"{self.path}: slice {int(odd.nonzero()[0])} has {int(self.columns[odd][0].sum())} measured columns "
                f"and slice 0 has {int(self.columns[0].sum())}, or they differ; a volume has one mask: split the file"
            )
        if not torch.isfinite(self.power).all() or not self.power.flatten(1).any(1).all():
            raise VolumeError(f"{self.path}: its images overflow or underflow; scale k-space to values of about 1")

    @property
    def holes(self) -> Tensor | None:
        """Mask (ky or 1, kx) of the measured locations if locations between them are missing, else None."""
        found = measured(self.seen[None])
        return found[0, 0] if under_sampled(found) else None

    def mask(self, say: Say) -> np.ndarray | None:
        """The file's mask, or that of the measured locations if the volume is under-sampled.

        Raises:
            VolumeError: the file's mask has another width, or k-space holds more columns than the mask.
        """
        given, holes = self.one.mask, self.holes
        if given is None:
            if holes is not None:
                say(f"{self.path}: under-sampled, {self._share(holes)}; written with this mask, without ground truth")
            return None if holes is None else holes.numpy().squeeze(0) if len(holes) == 1 else holes.numpy()
        if given.shape != self.one.shape[3:] or given.dtype.kind not in "biuf":
            raise VolumeError(f"{self.path}: `mask` is {given.dtype} {given.shape}; expected {self.one.shape[3:]}")
        if (self.columns[0].numpy() & (given == 0)).any():
            raise VolumeError(
                f"{self.path}: `mask` has {int((given != 0).sum())} columns, but k-space holds "
                f"{int(self.columns[0].sum())}; remove the mask, or apply it"
            )
        return given

    def _share(self, mask: Tensor) -> str:
        columns = int(mask.any(0).sum())
        return f"{columns} of {mask.shape[1]} columns" if len(mask) == 1 else f"{float(mask.float().mean()):.0%}"

    def target(self, say: Say) -> np.ndarray | None:
        """Images (slice, y, x) float32: the file's own, or computed from fully sampled k-space.

        Raises:
            VolumeError: the file's own images are not those of its fully sampled k-space.
        """
        computed = self.power.sqrt().numpy()
        partial = self.one.mask is not None or self.holes is not None
        if self.one.target is None:
            return None if partial else computed
        stored = np.stack([self.one.target(index) for index in range(len(computed))]).astype(np.float32)
        if not np.isfinite(stored).all() or stored.shape != computed.shape:
            raise VolumeError(f"{self.path}: `reconstruction_rss` is {stored.shape} or not finite; remove it")
        difference = float(np.linalg.norm(stored - computed) / np.linalg.norm(computed))
        if partial and difference < AGREEMENT:
            say(f"{self.path}: `reconstruction_rss` is the aliased image of the under-sampled k-space; omitted")
            return None
        if not partial and difference > AGREEMENT:
            raise VolumeError(
                f"{self.path}: `reconstruction_rss` is not the image of its k-space (difference {difference:.0%}); "
                "remove it to have the image computed, or fetch the file again"
            )
        return stored
