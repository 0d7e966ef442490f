"""Pixel intensities of a distribution: histograms, and the distance between two distributions (paper A, App. A)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mrilib.coils import corners
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.sample import Sample

ABOVE_NOISE = 2.0  # times the mean of the corners; the noise magnitude of many coils rarely exceeds it


def body_intensities(target: Tensor) -> Tensor:
    """Intensities of the pixels that contain signal, relative to their mean, to remove the scanner's scale.

    Args:
        target: one magnitude image, (1, 1, y, x) real; its corners contain only noise.

    Returns:
        (n,) with mean 1.

    Raises:
        ValueError: no pixel is above the noise.
    """
    inside = target[target > ABOVE_NOISE * corners(target).mean()]
    if inside.numel() == 0:
        raise ValueError("target: no pixel exceeds the noise in the corners; is the image empty or cropped?")
    return inside / inside.mean()


def ks_distance(first: Tensor, second: Tensor) -> float:
    """Kolmogorov–Smirnov distance sup_t |F₁(t) − F₂(t)| of two samples, (n,) and (m,): 0 for equal, 1 for disjoint."""
    values = torch.cat([first, second])
    shares = [torch.searchsorted(x.sort().values, values, right=True) / x.numel() for x in (first, second)]
    return (shares[0] - shares[1]).abs().max().item()


def pairwise_distances(first: Sequence[Sample], second: Sequence[Sample]) -> list[float]:
    """Distances between the intensities of each slice in one list and its counterpart in the other."""
    pairs = zip(first, second, strict=True)
    return [ks_distance(body_intensities(a.target), body_intensities(b.target)) for a, b in pairs]


def intensity_distances(of_p: Sequence[Sample], of_q: Sequence[Sample]) -> dict[str, Interval]:
    """Mean distances of the first half of P's slices to slices of Q and to the other half of P, and their difference.

    If there is only one slice of P, there is no other half, and the last two distances are omitted.
    """
    half = max(1, len(of_p) // 2)
    between = pairwise_distances(of_p[:half], of_q[:half])
    if len(of_p) == 1:
        return {"P to Q": mean_interval(between)}
    within = pairwise_distances(of_p[:half], of_p[half : 2 * half])
    means = {"P to Q": mean_interval(between), "P to P": mean_interval(within)}
    return means | {"difference": performance_gap(between, within)}


def histogram_rows(slices: Mapping[str, Sequence[Sample]], bins: int = 60, top: float = 3.0) -> list[dict[str, object]]:
    """Normalised histograms for a chart: rows with `distribution`, `intensity` (bin centre) and `density`.

    Every slice has equal weight; the densities of one distribution integrate to the share of pixels below `top`.
    """
    rows: list[dict[str, object]] = []
    for name, samples in slices.items():
        pixels = [body_intensities(sample.target) for sample in samples]
        counts = torch.stack([torch.histc(x, bins, 0.0, top) / x.numel() for x in pixels]).mean(0)
        centres = (torch.arange(bins) + 0.5) * top / bins
        rows += [
            {"distribution": name, "intensity": centre, "density": share * bins / top}
            for centre, share in zip(centres.tolist(), counts.tolist(), strict=True)
        ]
    return rows
