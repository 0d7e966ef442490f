"""A user's own scan: its slices as multi-coil k-space, and the image and voxel sizes stated in its file."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from mrilib.data.kspace import check_kspace
from mrilib.data.layout import VolumeError
from mrilib.fourier import fftc, ifftc
from mrilib.metrics import center_crop

Size = tuple[int, int]


@dataclass(frozen=True)
class ScanFile:
    """A scan on disk, read one slice at a time.

    Args:
        path: path of its file.
        format: name of the file's format, for messages.
        slices: number of slices.
        read: function (index of a slice) → k-space (coil, ky, kx) complex64, ky the readout; zero where not measured.
        recon_size: (y, x) of the image to keep; None keeps everything.
        voxel: size (z, y, x) of a voxel in mm; None if the file does not say.
        padding: first measured column and first after the measured ones; None if the file does not say.
        affine: from voxel indices (column, row, slice) to mm (right, front, up); None if the file does not say.
    """

    path: Path
    format: str
    slices: int
    read: Callable[[int], Tensor]
    recon_size: Size | None = None
    voxel: tuple[float, float, float] | None = None
    padding: Size | None = None
    affine: np.ndarray | None = None

    def kspace(self, index: int, whole_readout: bool = False) -> Tensor:
        """K-space of a slice, checked, (coil, ky, kx) complex64, without readout oversampling unless `whole_readout`.

        Raises:
            VolumeError: it holds NaN, is zero, or has another layout; see `check_kspace`.
        """
        kspace = self.read(index).to(torch.complex64)
        if not torch.isfinite(torch.view_as_real(kspace)).all():
            raise VolumeError(f"{self.path}: slice {index} holds NaN or infinite k-space; export it again")
        kspace = kspace[kspace.flatten(1).any(1)]  # a coil that was switched off says nothing
        if not len(kspace):
            raise VolumeError(f"{self.path}: slice {index} is zero everywhere; exclude it with --slices")
        check_kspace(kspace, f"{self.path}: slice {index}")
        if self.recon_size is None or whole_readout:
            return kspace
        return without_oversampling(kspace, self.recon_size[0])


def without_oversampling(kspace: Tensor, rows: int) -> Tensor:
    """Crop the readout to `rows` in image space: (coil, ky, kx) → (coil, rows, kx); unchanged if it is not longer.

    A readout is sampled more finely than the image needs; the additional field of view holds noise and no anatomy.
    Unmeasured columns stay zero. For a partial echo, only rows between two measured ones are kept, because the Fourier
    transform would spread measured data into the other rows.
    """
    before = kspace.shape[-2]
    if rows >= before:
        return kspace
    seen = (kspace != 0).any(0).any(-1)
    places = before // 2 + (torch.arange(rows) - rows // 2) * before / rows
    kept = seen[places.floor().long()] & seen[places.ceil().long().clamp(max=before - 1)]
    return fftc(center_crop(ifftc(kspace, (-2,)), (rows, kspace.shape[-1])), (-2,)) * kept[:, None]
