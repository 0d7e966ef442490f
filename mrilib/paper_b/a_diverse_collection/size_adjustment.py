"""A network that takes k-space, applied to images half as large as in training (paper B, App. G.2, Figure 20)."""

from dataclasses import replace

import torch
from torch import Tensor

from mrilib.coils import estimate_sens_maps
from mrilib.fourier import fft2c, ifft2c
from mrilib.metrics import center_crop
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import calibration_width


def enlarged(kspace: Tensor, mask: Tensor, factor: int = 2) -> tuple[Tensor, Tensor]:
    """Repeat every row and column of k-space next to itself, and every column of the mask.

    The image becomes `factor` times larger, with the object in its centre, dimmed towards the border and surrounded by
    ghosts. The central part of each coil image is rescaled to the mean and standard deviation of the original image.

    Args:
        kspace: (batch, coil, ky, kx) complex, under-sampled.
        mask: (batch, 1, 1, kx) bool.
        factor: number of repetitions, at least 1.

    Returns:
        (batch, coil, factor · ky, factor · kx) and (batch, 1, 1, factor · kx).

    Raises:
        ValueError: a factor below 1.

    Reference: Lin, Heckel, ICML 2024, App. G.2; matching mean and standard deviation follows its published code.
    """
    if factor < 1:
        raise ValueError(f"factor: expected a whole number of at least 1, got {factor}")
    before = torch.view_as_real(ifft2c(kspace))
    repeated = kspace.repeat_interleave(factor, -2).repeat_interleave(factor, -1)
    large = torch.view_as_real(ifft2c(repeated)).movedim(-1, 0)  # real and imaginary part first
    middle = center_crop(large, (kspace.shape[-2], kspace.shape[-1])).movedim(0, -1)
    (mean, spread), (wanted_mean, wanted_spread) = _moments(middle), _moments(before)
    scaled = (large.movedim(0, -1) - mean) / spread * wanted_spread + wanted_mean
    columns = mask.repeat_interleave(factor, -1)
    return fft2c(torch.view_as_complex(scaled.contiguous())) * columns, columns


def _moments(parts: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each coil image over real and imaginary parts, (batch, coil, y, x, 2)."""
    spread, mean = torch.std_mean(parts, dim=(-3, -2, -1), keepdim=True)
    return mean, torch.where(spread > 0, spread, 1)


@torch.no_grad()
def reconstruct_enlarged(model: Reconstructor, sample: Sample, factor: int = 2) -> Tensor:
    """Reconstruct from enlarged k-space and crop to the original size; (batch, 1, y, x) complex or real.

    Coil maps, if the sample has them, are estimated again. Raises the ValueError of `enlarged`.
    """
    kspace, mask = enlarged(sample.masked_kspace, sample.mask, factor)
    with_maps = bool(sample.sens_maps.shape[1])
    maps = estimate_sens_maps(kspace, calibration_width(mask)) if with_maps else kspace[:, :0]
    large = replace(sample, masked_kspace=kspace, mask=mask, sens_maps=maps)
    size = (sample.target.shape[-2], sample.target.shape[-1])
    return center_crop(model(large.masked_kspace, large.operator), size)
