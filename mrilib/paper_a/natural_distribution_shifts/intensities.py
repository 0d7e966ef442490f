"""How bright the pixels of a distribution are: histograms, and how far apart two of them lie (paper A, App. A)."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from mrilib.coils import corners
from mrilib.sample import Sample

ABOVE_NOISE = 2.0  # times the mean of the corners: the magnitude of noise of many coils hardly reaches it


def body_intensities(target: Tensor) -> Tensor:
    """Intensities of the pixels that hold signal, relative to their mean, so that the scanner's scale drops out.

    Args:
        target: one magnitude image, (1, 1, y, x) real; its corners hold noise only.

    Returns:
        (n,) with mean 1.

    Raises:
        ValueError: no pixel is above the noise.
    """
    inside = target[target > ABOVE_NOISE * corners(target).mean()]
    if inside.numel() == 0:
        raise ValueError("target: no pixel is above the noise in its corners; is the image empty, or cropped?")
    return inside / inside.mean()


def ks_distance(first: Tensor, second: Tensor) -> float:
    """Kolmogorov–Smirnov distance sup_t |F₁(t) − F₂(t)| of two samples, (n,) and (m,): 0 for equal, 1 for disjoint."""
    values = torch.cat([first, second])
    shares = [torch.searchsorted(x.sort().values, values, right=True) / x.numel() for x in (first, second)]
    return (shares[0] - shares[1]).abs().max().item()


def pairwise_distances(first: Sequence[Sample], second: Sequence[Sample]) -> list[float]:
    """Distance of the intensities of each slice of one list from those of its partner in the other."""
    pairs = zip(first, second, strict=True)
    return [ks_distance(body_intensities(a.target), body_intensities(b.target)) for a, b in pairs]


def histogram_rows(slices: Mapping[str, Sequence[Sample]], bins: int = 60, top: float = 3.0) -> list[dict[str, object]]:
    """Normalised histograms for a chart: rows with `distribution`, `intensity` (bin centre) and `density`.

    Every slice counts the same; the densities of one distribution integrate to the share of pixels below `top`.
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
