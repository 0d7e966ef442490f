"""What a network has to beat, and images as they are scored."""

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
    """Root-sum-of-squares image of the under-sampled k-space, missing lines zero: (batch, 1, y, x) real."""
    return rss(ifft2c(sample.masked_kspace))


def with_cropped_maps(sample: Sample, crop: float = CROP) -> Sample:
    """The same slices with ESPIRiT maps that are zero outside the body, which is what CG-SENSE is usually given."""
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
    """CG-SENSE image of one slice at the iteration with the highest true SSIM: a baseline that is given the answer.

    Its maps are cropped to where ESPIRiT finds signal, as BART's are: without that, least squares fills the
    background with noise and scores far lower.
    """
    images = cg_sense_path(with_cropped_maps(sample), iterations)
    return max(images, key=lambda image: slice_ssim(image, sample)[0])


def matched(sample: Sample, images: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Target and magnitudes of one slice as they are scored: cropped, with the target's mean and deviation."""
    target = center_crop(sample.target, sample.recon_size)
    cropped = {name: center_crop(image.abs(), sample.recon_size) for name, image in images.items()}
    return target, {name: match_mean_std(target, image) for name, image in cropped.items()}


@torch.no_grad()
def reconstruct(model: Reconstructor, sample: Sample) -> Tensor:
    """The network's image of a batch without test-time training, (batch, 1, y, x) complex."""
    return model(sample.masked_kspace, sample.operator)


def slice_ssim(image: Tensor, sample: Sample) -> list[float]:
    """SSIM of each slice as paper A scores it: magnitude, cropped, mean and deviation matched, slice maximum."""
    target, magnitude = (center_crop(x, sample.recon_size) for x in (sample.target, image.abs()))
    return ssim(target, magnitude, match="mean_std").tolist()
