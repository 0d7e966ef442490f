"""What a network has to beat, and images as they are scored."""

from collections.abc import Mapping

from torch import Tensor

from mrilib.coils import rss
from mrilib.data.slices import Sample
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop, match_mean_std
from mrilib.solvers import conjugate_gradient
from mrilib.training import slice_ssim


def zero_filled(sample: Sample) -> Tensor:
    """Root-sum-of-squares image of the under-sampled k-space, missing lines zero: (batch, 1, y, x) real."""
    return rss(ifft2c(sample.masked_kspace))


def best_cg_sense(sample: Sample, iterations: int) -> Tensor:
    """CG-SENSE image of one slice at the iteration with the highest true SSIM: a baseline that is given the answer.

    Args:
        sample: a batch of one slice.
        iterations: most steps taken; on noisy data the best comes early (semi-convergence).
    """
    A, found = sample.operator, []

    def note(iteration: int, image: Tensor) -> None:
        found.append((slice_ssim(image, sample)[0], iteration, image))

    conjugate_gradient(A.N, A.H(sample.masked_kspace), iterations, tolerance=0.0, callback=note)
    return max(found, key=lambda entry: entry[0])[2]


def matched(sample: Sample, images: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Target and magnitudes of one slice as they are scored: cropped, with the target's mean and deviation."""
    target = center_crop(sample.target, sample.recon_size)
    cropped = {name: center_crop(image.abs(), sample.recon_size) for name, image in images.items()}
    return target, {name: match_mean_std(target, image) for name, image in cropped.items()}
