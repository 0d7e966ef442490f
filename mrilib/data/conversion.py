"""Output of every converter: a volume in fastMRI's orientation, with vertical readout and the anatomy upside down.

Volumes are passed on in blocks, so that converting a file needs memory for only one slice or a few coils.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import VolumeError
from mrilib.fourier import fftc, ifftc
from mrilib.sample import mirror

Axes = tuple[int, int, int, int]
NATIVE: Axes = (0, 1, 2, 3)
Block = tuple[slice, slice, Tensor]  # slices, coils, and their k-space (slice, coil, ky, kx)
Blocks = Callable[[Path], Iterable[Block]]  # of a folder for temporary files
ALL = slice(None)
MEMORY = 2**29  # bytes of a group of coils, transformed as a whole
SHARE = 8  # parts of a volume that are worked on one after another


@dataclass(frozen=True)
class Converted:
    """One volume: k-space (slice, coil, ky, kx) with readout ky, and the file's metadata.

    Args:
        shape: shape of the whole k-space.
        blocks: function (folder for temporary files) → blocks that together cover the volume once.
        recon_size: (y, x) to which images are cropped.
        padding: first measured column and first column after the measured ones; None if all columns were measured.
        attributes: attributes of the file.
        prefix: prefix of the file name, if one file gives several volumes.
        mask: the file's own mask, as stored; None if there is none.
        target: function (slice index) → the file's own image; None if there is none, or if it has another orientation.
    """

    shape: Axes
    blocks: Blocks
    recon_size: tuple[int, int] | None = None
    padding: tuple[int, int] | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    prefix: str = ""
    mask: np.ndarray | None = None
    target: Callable[[int], np.ndarray] | None = None


def by_slice(count: int, read: Callable[[int], Tensor]) -> Blocks:
    """Blocks of one slice each; `read` returns its k-space (coil, ky, kx)."""
    return lambda scratch: ((slice(index, index + 1), ALL, read(index)[None]) for index in range(count))


def by_coils(shape: Axes, read: Callable[[slice], Tensor]) -> Blocks:
    """Blocks of a few coils (see `MEMORY` and `SHARE`); `read` returns their k-space (slice, coil, ky, kx)."""
    slices, coils, rows, columns = shape
    several = max(1, min(MEMORY // (8 * slices * rows * columns), coils // SHARE))
    groups = [slice(first, min(first + several, coils)) for first in range(0, coils, several)]
    return lambda scratch: ((ALL, group, read(group)) for group in groups)


def permuted(kspace: Tensor, axes: Axes, encoded: Collection[int] = (2, 3)) -> Tensor:
    """K-space of a view (slice, coil, y, x) whose axes are a permutation of the volume's; see `Format.views`.

    Args:
        kspace: the volume, whose memory is reused.
        axes: permutation; the last two are the plane of the view.
        encoded: axes of the volume that are in k-space, not in image space; those in the plane stay as measured.
    """
    inverse = [axis for axis in range(4) if axis in encoded and axis not in axes[2:]]
    forward = [axis for axis in axes[2:] if axis not in encoded]
    for step, along in ((ifftc, inverse), (fftc, forward)):
        if along:
            parted = max({0, 1, 2, 3} - set(along), key=lambda axis: kspace.shape[axis])
            for part in kspace.split(-(-kspace.shape[parted] // SHARE), parted):
                part.copy_(step(part, along))
    return kspace.permute(axes)


def complete(volume: Tensor, path: Path) -> Tensor:
    """The same volume (…, k, k); raises VolumeError if lines are missing, as another view would spread the gaps."""
    if under_sampled(measured(volume.flatten(0, -3))):
        raise VolumeError(
            f"{path}: k-space is under-sampled, and this view transforms along an axis that lacks lines; convert the "
            "fully sampled file, or choose a view of the plane that was measured, if there is one"
        )
    return volume


def turned(kspace: Tensor, axis: int = -2) -> Tensor:
    """K-space of images turned upside down, pixel n → N − 1 − n; unmeasured samples stay zero.

    K[κ] → K[−κ] exp(2πi κ / N) for even sizes N, K[−κ] for odd ones, with κ counted from the centre.
    """
    size = kspace.shape[axis]
    found = mirror(kspace, axis)
    return found if size % 2 else found.mul_(_ramp(size, 1, axis))


def cornered(kspace: Tensor) -> Tensor:
    """K-space of images rolled by −⌊N/2⌋ pixels along both axes, so that their centre moves to [0, 0]."""
    rows, columns = kspace.shape[-2:]
    return kspace * (_ramp(rows, rows // 2, -2) * _ramp(columns, columns // 2, -1))


def _ramp(size: int, steps: int, axis: int) -> Tensor:
    """Factors exp(2πi κ s / N) for k-space along an axis, which roll the image by −s pixels."""
    places = torch.arange(size, dtype=torch.double) - size // 2
    ramp = torch.exp(2j * torch.pi * steps * places / size).to(torch.complex64)
    return ramp.reshape([-1] + [1] * (-axis - 1))
