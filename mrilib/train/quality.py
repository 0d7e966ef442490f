"""Several measures of image quality; one measure alone says little about a method that changes the noise floor."""

from torch import Tensor

from mrilib.metrics import WINDOW, center_crop, nmse, psnr, ssim, ssim_map
from mrilib.sample import Sample
from mrilib.scoring import matched

QUALITY = ("ssim", "ssim_unmatched", "ssim_foreground", "psnr", "nmse")
FOREGROUND = 0.1  # of the target's maximum


def slice_quality(image: Tensor, sample: Sample) -> dict[str, float]:
    """Measures of one slice, one for each name in QUALITY.

    All except `ssim_unmatched` are computed from the magnitude with matched mean and standard deviation, as in paper A.
    `ssim_foreground` is the mean of the local SSIM where the target exceeds a tenth of its maximum. The slice's maximum
    is the data range.

    Args:
        image: (1, 1, y, x) complex or real.
        sample: one slice.

    Raises:
        ValueError: as in `metrics.ssim`.
    """
    target, found = matched(sample, {"image": image})
    plain, border = center_crop(image.abs(), sample.recon_size), WINDOW // 2
    inside = target[..., border:-border, border:-border] > FOREGROUND * target.amax()
    values = (
        ssim(target, found["image"]),
        ssim(target, plain),
        ssim_map(target, found["image"])[inside].mean(),
        psnr(target, found["image"]),
        nmse(target, found["image"]),
    )
    return {name: value.item() for name, value in zip(QUALITY, values, strict=True)}
