"""Image-quality metrics, one value per batch item; every convention is an argument."""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 7
Match = Literal["mean_std"]


def ssim(
    target: Tensor,
    reconstruction: Tensor,
    data_range: float | Tensor | None = None,
    match: Match | None = None,
) -> Tensor:
    """Structural similarity, equal to scikit-image's `structural_similarity` with its defaults; differentiable.

    7×7 uniform window, K₁ = 0.01, K₂ = 0.03, sample covariance, a border of 3 pixels excluded.

    Args:
        target: (batch, 1, y, x) real.
        reconstruction: same shape, real.
        data_range: a number, one per item (batch,), or None for each target's own maximum (paper A);
            fastMRI uses the volume's maximum.
        match: "mean_std" first matches the reconstruction's mean and standard deviation to the target's (both papers).

    Returns:
        (batch,) in the target's dtype.

    Raises:
        ValueError: images are complex, not finite, of different shapes, or smaller than the window.

    Reference: Wang, Bovik, Sheikh, Simoncelli, IEEE TIP 2004.
    """
    return ssim_map(target, reconstruction, data_range, match).mean(dim=(1, 2, 3)).to(target.dtype)


def region_ssim(
    target: Tensor, reconstruction: Tensor, region: tuple[slice, slice], data_range: float | Tensor | None = None
) -> Tensor:
    """SSIM of a rectangle; if its shorter side has fewer than 7 pixels, it is first enlarged (nearest) to 7.

    Args:
        target, reconstruction, data_range: as in `ssim`; data_range defaults to the maximum of the whole target.
        region: rows and columns.

    Returns:
        (batch,).

    Raises:
        ValueError: as in `ssim`, for the whole images; or the region is empty or extends outside the image.

    Reference: Lin, Heckel, ICML 2024, §5 and its published code.
    """
    check_pair(target, reconstruction)
    rows, columns = region
    (height, width), size = target.shape[-2:], (rows.stop - rows.start, columns.stop - columns.start)
    if min(size) < 1 or min(rows.start, columns.start) < 0 or rows.stop > height or columns.stop > width:
        raise ValueError(f"region {rows.start}:{rows.stop}, {columns.start}:{columns.stop} of a {height}x{width} image")
    limits = _data_range(target, data_range)
    cut = [image[..., rows, columns] for image in (target, reconstruction)]
    if min(size) < WINDOW:
        wanted = [max(WINDOW, round(side * WINDOW / min(size))) for side in size]
        cut = [F.interpolate(image, wanted, mode="nearest") for image in cut]
    return ssim(cut[0], cut[1], limits)


def ssim_map(
    target: Tensor,
    reconstruction: Tensor,
    data_range: float | Tensor | None = None,
    match: Match | None = None,
) -> Tensor:
    """Local SSIM without the border, (batch, 1, y − 6, x − 6) float64; arguments as in `ssim`.

    (2μ_t μ_r + c₁)(2σ_tr + c₂) / ((μ_t² + μ_r² + c₁)(σ_t² + σ_r² + c₂)), c = (K · data_range)²
    """
    check_pair(target, reconstruction, smallest=WINDOW)
    t, r = target.double(), reconstruction.double()  # the variances are differences of nearly equal numbers
    if match is not None:
        r = match_mean_std(t, r) if match == "mean_std" else _unknown_match(match)
    limits = _data_range(t, data_range)
    c1, c2 = (0.01 * limits) ** 2, (0.03 * limits) ** 2
    mean_t, mean_r, tt, rr, tr = _local_means(torch.cat([t, r, t * t, r * r, t * r], dim=1)).split(1, dim=1)
    sample = WINDOW**2 / (WINDOW**2 - 1)
    variances = sample * (tt - mean_t**2 + rr - mean_r**2)
    covariance = sample * (tr - mean_t * mean_r)
    numerator = (2 * mean_t * mean_r + c1) * (2 * covariance + c2)
    return numerator / ((mean_t**2 + mean_r**2 + c1) * (variances + c2))


def match_mean_std(target: Tensor, reconstruction: Tensor) -> Tensor:
    """Shift and scale each reconstruction to its target's mean and standard deviation; (batch, 1, y, x).

    Raises:
        ValueError: the batches differ in size.
    """
    if len(target) != len(reconstruction):
        raise ValueError(f"target is a batch of {len(target)}, reconstruction one of {len(reconstruction)}")
    plane = (1, 2, 3)
    mean = reconstruction.mean(plane, keepdim=True)
    spread = reconstruction.std(plane, keepdim=True)
    gain = target.std(plane, keepdim=True) / torch.where(spread > 0, spread, 1)
    return (reconstruction - mean) * gain + target.mean(plane, keepdim=True)


def psnr(target: Tensor, reconstruction: Tensor, data_range: float | Tensor | None = None) -> Tensor:
    """Peak signal-to-noise ratio 10 log₁₀(data_range² / mean squared error) in dB, (batch,); arguments as in `ssim`."""
    check_pair(target, reconstruction)
    error = (target - reconstruction).square().mean(dim=(1, 2, 3))
    return 10 * torch.log10(_data_range(target, data_range).flatten() ** 2 / error)


def nmse(target: Tensor, reconstruction: Tensor) -> Tensor:
    """Normalised squared error ‖target − reconstruction‖² / ‖target‖², (batch,)."""
    check_pair(target, reconstruction)
    return (target - reconstruction).square().sum(dim=(1, 2, 3)) / target.square().sum(dim=(1, 2, 3))


def artefact_variance(target: Tensor, image: Tensor, data_range: float | Tensor) -> Tensor:
    """Variance of the Laplacian of 255 |target − image| / data_range, (batch,); large for sharp artefacts.

    The paper states neither kernel nor scaling. We use the 3×3 four-neighbour kernel, mirrored borders, and 8-bit
    units (data_range becomes 255), which is our reading of its Table 4 (values from 117 to 434).

    Args:
        target, image: (batch, 1, y, x) real.
        data_range: a number, or one per item (batch,); the result scales with its inverse square.

    Raises:
        ValueError: images are complex, not finite, of different shapes, or smaller than 2 pixels per side.

    Reference: Lin, Heckel, ICML 2024, App. G.3 and Table 4.
    """
    check_pair(target, image, smallest=2, name="image")
    error = 255 * (target - image).abs() / _data_range(target, data_range)
    padded = F.pad(error, (1, 1, 1, 1), mode="reflect")
    vertical = padded[..., :-2, 1:-1] + padded[..., 2:, 1:-1]
    horizontal = padded[..., 1:-1, :-2] + padded[..., 1:-1, 2:]
    return (vertical + horizontal - 4 * error).var(dim=(1, 2, 3), correction=0)


def item_limits(target: Tensor, data_range: float | Tensor) -> Tensor:
    """The data range as (1, 1, 1, 1) or (batch, 1, 1, 1) in the target's dtype.

    Raises:
        ValueError: it is not positive, or is neither one number nor one per item.
    """
    limits = torch.as_tensor(data_range).to(target)
    if limits.numel() not in (1, len(target)) or not (limits > 0).all():
        raise ValueError("data_range must be positive: one number, or one per item of the batch")
    return limits.reshape(-1, 1, 1, 1)


def check_pair(target: Tensor, other: Tensor, smallest: int = 1, name: str = "reconstruction") -> None:
    """Check that both images are real, finite (batch, 1, y, x) of equal shape, at least `smallest` pixels per side.

    Raises:
        ValueError: a check fails; the message names the image ("target" or `name`) and what was expected.
    """
    for label, image in (("target", target), (name, other)):
        if image.is_complex():
            raise ValueError(f"{label} is complex: metrics compare magnitudes, pass {label}.abs()")
        if not image.isfinite().all():
            raise ValueError(f"{label} has values that are not finite (NaN or infinite)")
    if target.shape != other.shape or target.ndim != 4 or target.shape[1] != 1:
        raise ValueError(
            f"target and {name} must both be (batch, 1, y, x), got {tuple(target.shape)} and {tuple(other.shape)}"
        )
    if min(target.shape[-2:]) < smallest:
        raise ValueError(f"images of {tuple(target.shape[-2:])} are too small: at least {smallest} pixels a side")


def center_crop(image: Tensor, shape: tuple[int, int]) -> Tensor:
    """Crop the centre of the last two axes, as fastMRI does: (..., y, x) → (..., *shape).

    Raises:
        ValueError: the requested shape is larger than the image.
    """
    height, width = image.shape[-2:]
    if not (0 < shape[0] <= height and 0 < shape[1] <= width):
        raise ValueError(f"shape {tuple(shape)} does not fit into an image of {height}x{width}")
    top, left = (height - shape[0]) // 2, (width - shape[1]) // 2
    return image[..., top : top + shape[0], left : left + shape[1]]


def _local_means(images: Tensor) -> Tensor:
    """Mean over every 7×7 window inside the image, one axis at a time: 14 additions instead of 49."""
    return F.avg_pool2d(F.avg_pool2d(images, (WINDOW, 1), stride=1), (1, WINDOW), stride=1)


def _data_range(target: Tensor, data_range: float | Tensor | None) -> Tensor:
    return item_limits(target, target.amax((1, 2, 3)) if data_range is None else data_range)


def _unknown_match(match: str) -> Tensor:
    raise ValueError(f"match must be None or 'mean_std', got {match!r}")
