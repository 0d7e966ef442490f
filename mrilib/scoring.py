"""Baselines for the networks, and scoring of images."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from mrilib.coils import estimate_sens_maps, rss
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop, match_mean_std, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample
from mrilib.sampling import calibration_width
from mrilib.solvers import conjugate_gradient

CROP = 0.8  # BART's threshold on the ESPIRiT eigenvalue


def zero_filled(sample: Sample) -> Tensor:
    """Zero-filled root-sum-of-squares image of the under-sampled k-space: (batch, 1, y, x) real."""
    return rss(ifft2c(sample.masked_kspace))


def with_cropped_maps(sample: Sample, crop: float = CROP) -> Sample:
    """Copy of the slices with ESPIRiT maps that are zero outside the body, as is usual for CG-SENSE."""
    width = calibration_width(sample.mask)
    return replace(sample, sens_maps=estimate_sens_maps(sample.masked_kspace, width, crop=crop))


def cg_sense_path(sample: Sample, iterations: int) -> list[Tensor]:
    """CG-SENSE images after 1, 2, …, `iterations` steps; see `LinearOperator.pinv`."""
    A, images = sample.operator, []
    start = A.H(sample.masked_kspace)
    conjugate_gradient(A.N, start, iterations, tolerance=0.0, callback=lambda _, image: images.append(image))
    return images


def cg_sense_scores(sample: Sample, iterations: int) -> list[float]:
    """SSIM of every image of `cg_sense_path`, for a batch of one slice."""
    return [slice_ssim(image, sample)[0] for image in cg_sense_path(sample, iterations)]


def best_cg_sense(sample: Sample, iterations: int) -> Tensor:
    """CG-SENSE image of one slice with the highest true SSIM: an oracle baseline.

    It is chosen over the iterations, both with the given maps and with maps cropped to where ESPIRiT finds signal, as
    in BART. Which maps are better depends on the slice. With uncropped maps, least squares fills the background with
    noise; with cropped maps, signal is lost where ESPIRiT errs.
    """
    images = [image for maps in (sample, with_cropped_maps(sample)) for image in cg_sense_path(maps, iterations)]
    return max(images, key=lambda image: slice_ssim(image, sample)[0])


def matched(sample: Sample, images: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Target and magnitudes of one slice as they are scored: cropped, with the target's mean and standard deviation."""
    target = center_crop(sample.target, sample.recon_size)
    cropped = {name: center_crop(image.abs(), sample.recon_size) for name, image in images.items()}
    return target, {name: match_mean_std(target, image) for name, image in cropped.items()}


@torch.no_grad()
def reconstruct(model: Reconstructor, sample: Sample) -> Tensor:
    """Reconstruct a batch with the network, without test-time training: (batch, 1, y, x) complex."""
    return model(sample.masked_kspace, sample.operator)


def slice_ssim(image: Tensor, sample: Sample) -> list[float]:
    """SSIM of each slice as in paper A: cropped magnitude, matched mean and standard deviation, slice maximum."""
    target, magnitude = (center_crop(x, sample.recon_size) for x in (sample.target, image.abs()))
    return ssim(target, magnitude, match="mean_std").tolist()
