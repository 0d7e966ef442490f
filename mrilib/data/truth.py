"""Ground truth of a volume: the stored images and maximum are used if they agree with the volume's k-space."""

from functools import cache
from pathlib import Path

import h5py
import numpy as np
import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.data.info import VolumeInfo, info_of
from mrilib.data.kspace import check_kspace, power_of
from mrilib.data.layout import dataset, opened
from mrilib.data.stored import VolumeError, complex_values
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop

AGREEMENT = 1e-2  # largest relative error: rounding makes 1e-6, half precision 5e-4, one missing line in the centre 0.1
OUTSIDE = 0.1  # largest share of the energy outside the columns that the header calls measured


def image_of(kspace: Tensor) -> Tensor:
    """Root sum of squares of a slice, (coil, ky, kx) complex64 → (y, x)."""
    return rss(ifft2c(kspace[None]))[0, 0]


def with_stored(image: Tensor, stored: Tensor, name: str) -> Tensor:
    """The image of the full k-space (y, x) with the stored target in its centre; each is cropped to the smaller size.

    They agree if ‖stored − image‖₂ ≤ 0.01 ‖image‖₂ in the part that they share.

    Raises:
        VolumeError: they do not agree; the message starts with `name`.
    """
    size = (min(stored.shape[0], image.shape[0]), min(stored.shape[1], image.shape[1]))
    target, inside = center_crop(stored, size), center_crop(image, size)
    error, whole = torch.linalg.vector_norm(target - inside).item(), torch.linalg.vector_norm(inside).item()
    if not error <= AGREEMENT * whole:
        raise VolumeError(
            f"{name}: `reconstruction_rss` differs by {error / max(whole, 1e-30):.2g} of its norm from the root sum of "
            f"squares of the k-space; expected at most {AGREEMENT:g}: the k-space is under-sampled or scaled, or the "
            "image was made differently; use the original file or, if it is under-sampled, `mrilib reconstruct`"
        )
    joined = image.clone()
    center_crop(joined, size).copy_(target)
    return joined


def refuse_under_sampled(info: VolumeInfo) -> None:
    """Raise VolumeError if a volume is under-sampled and therefore cannot be ground truth."""
    if info.under_sampled:
        raise VolumeError(
            f"{info.path}: under-sampled (it holds a `mask`, or columns between others are empty), without ground "
            "truth; expected fully sampled k-space: use training or validation files. `mrilib reconstruct` "
            "reconstructs under-sampled files"
        )


def volume_maximum(path: Path) -> float:
    """Maximum of a volume's images, computed once per file from the stored images or, without these, from k-space.

    Raises:
        VolumeError: the attribute `max` differs from it; or the middle slice shows that the data are not centred
            k-space (see `kspace.check_kspace`), or were measured at columns other than those in the header.
    """
    status = path.stat()
    return _maximum(path, (status.st_ino, status.st_size, status.st_mtime_ns))  # which change when it is replaced


@cache  # reads a slice of k-space and all images
def _maximum(path: Path, stamp: tuple[int, int, int]) -> float:
    with opened(path) as file:
        info = info_of(file, path)
        _check_middle(file, info)
        found = float(np.max(_maxima(file, info)))
    if not 0 < found < float("inf"):
        raise VolumeError(f"{path}: the largest value of its images is {found:g}; copy or download the file again")
    if info.max is None:
        return found
    if abs(info.max - found) > AGREEMENT * found:
        raise VolumeError(
            f"{path}: attribute `max` is {info.max:.6g}, but the largest value of its images is {found:.6g}; correct "
            "or remove the attribute"
        )
    return info.max


def _check_middle(file: h5py.File, info: VolumeInfo) -> None:
    kspace = _slice(file, info, info.slices // 2)
    if not torch.isfinite(torch.view_as_real(kspace)).all():
        return  # reading that slice says so
    check_kspace(kspace, f"{info.path}: slice {info.slices // 2}")
    energy = power_of(kspace).sum((0, 1))
    first, after = (max(end, 0) for end in info.padding)
    if energy[first:after].sum() < (1 - OUTSIDE) * energy.sum():
        raise VolumeError(
            f"{info.path}: `ismrmrd_header` says that columns {first} to {after - 1} were measured, but others hold "
            "data; correct its encodingLimits or remove it"
        )


def _maxima(file: h5py.File, info: VolumeInfo) -> list[float]:
    if info.has_target:
        return [float(np.max(one)) for one in dataset(file, info.path, "reconstruction_rss")]
    slices = (image_of(_slice(file, info, index)) for index in range(info.slices))
    return [center_crop(one, info.recon_size).max().item() for one in slices]


def _slice(file: h5py.File, info: VolumeInfo, index: int) -> Tensor:
    return torch.from_numpy(complex_values(dataset(file, info.path, "kspace")[index]))
