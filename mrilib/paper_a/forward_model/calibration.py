"""Comparison of the simulation with a scanner: the same statistics from simulated and measured k-space."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mrilib.coils import corners, rss
from mrilib.data.volumes import read_slice
from mrilib.fourier import ifft2c
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.scoring import cg_sense_scores, slice_ssim, with_cropped_maps, zero_filled

ITERATIONS = 30  # typical number for CG-SENSE
RINGS = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # fractions of the largest frequency
# One mask of exactly 4× for every slice, so that statistics differ by the data and not by the random mask.
RULER = Undersampling(4, kind="equispaced_fraction")


@dataclass(frozen=True)
class Figures:
    """Statistics of one fully sampled slice."""

    zero_filled: float  # SSIM of the root-sum-of-squares image of the under-sampled data
    cg_sense_best: float  # SSIM of CG-SENSE at its best iteration
    cg_sense_last: float  # SSIM after ITERATIONS
    background: float  # mean of the corners over the 95th percentile of the image
    correlation_mean: float  # noise correlation between two coils, magnitude
    correlation_max: float
    radial_energy: tuple[float, ...]  # log10 of the mean energy in each of RINGS, relative to the first


LABELS = {  # labels of the scalar statistics, in table order
    "zero_filled": "zero-filled SSIM at 4×",
    "cg_sense_best": "CG-SENSE SSIM at 4×, best iteration",
    "cg_sense_last": f"CG-SENSE SSIM at 4×, {ITERATIONS} iterations",
    "background": "background / 95th percentile",
    "correlation_mean": "noise correlation between two coils, mean",
    "correlation_max": "noise correlation between two coils, largest",
}
# Real 13-coil brain (`mrilib data get brain-vfa`: one volunteer, gradient echo) by flip angle in degrees, as measured
# by `scanner_figures`; a test repeats the measurement if the data are available.
# fmt: off
SCANNER: dict[int, Figures] = {
    1: Figures(0.635, 0.661, 0.414, 0.225, 0.145, 0.495,
        (0.00, -1.15, -2.11, -2.48, -2.79, -2.99, -3.43, -3.62, -3.66, -3.71, -3.74, -3.78, -3.79)),
    3: Figures(0.678, 0.776, 0.601, 0.100, 0.145, 0.501,
        (0.00, -1.11, -2.04, -2.44, -2.77, -2.99, -3.55, -3.86, -3.96, -4.08, -4.16, -4.27, -4.33)),
    5: Figures(0.669, 0.816, 0.682, 0.083, 0.140, 0.485,
        (0.00, -1.05, -1.94, -2.35, -2.67, -2.90, -3.46, -3.79, -3.89, -4.04, -4.13, -4.25, -4.33)),
    7: Figures(0.651, 0.812, 0.682, 0.084, 0.142, 0.494,
        (0.00, -0.99, -1.83, -2.26, -2.57, -2.81, -3.36, -3.69, -3.81, -3.95, -4.04, -4.17, -4.24)),
    9: Figures(0.670, 0.820, 0.695, 0.091, 0.142, 0.502,
        (0.00, -0.94, -1.74, -2.17, -2.47, -2.73, -3.26, -3.59, -3.72, -3.86, -3.94, -4.07, -4.14)),
    11: Figures(0.676, 0.815, 0.673, 0.100, 0.141, 0.481,
        (0.00, -0.90, -1.67, -2.10, -2.40, -2.67, -3.20, -3.52, -3.66, -3.79, -3.88, -3.98, -4.04)),
    13: Figures(0.687, 0.806, 0.647, 0.110, 0.142, 0.478,
        (0.00, -0.86, -1.60, -2.04, -2.34, -2.61, -3.13, -3.45, -3.59, -3.71, -3.80, -3.89, -3.94)),
    15: Figures(0.698, 0.796, 0.629, 0.122, 0.142, 0.477,
        (0.00, -0.83, -1.55, -1.99, -2.29, -2.58, -3.08, -3.39, -3.54, -3.65, -3.73, -3.81, -3.86)),
    17: Figures(0.718, 0.797, 0.609, 0.135, 0.140, 0.490,
        (0.00, -0.81, -1.51, -1.95, -2.25, -2.54, -3.03, -3.34, -3.48, -3.59, -3.67, -3.74, -3.78)),
    19: Figures(0.740, 0.801, 0.604, 0.147, 0.141, 0.480,
        (0.00, -0.80, -1.48, -1.92, -2.22, -2.51, -3.00, -3.29, -3.43, -3.54, -3.60, -3.67, -3.71)),
}
# fmt: on


def background_level(coil_images: Tensor) -> float:
    """Mean of the corners of the RSS image over its 95th percentile; coil_images (1, coil, y, x) complex."""
    image = rss(coil_images)
    return float(corners(image).mean() / torch.quantile(image, 0.95))


def noise_correlation(coil_images: Tensor) -> Tensor:
    """|correlation| of the noise of each pair of coils, estimated in the image corners: (1, coil, y, x) → (pairs,)."""
    matrix = torch.corrcoef(corners(coil_images)[0]).abs()
    first, second = torch.triu_indices(len(matrix), len(matrix), offset=1)
    return matrix[first, second]


def radial_energy(kspace: Tensor, rings: Sequence[float] = RINGS) -> tuple[float, ...]:
    """log10 of the mean energy |k|² in rings around the centre of k-space, relative to the innermost ring.

    Args:
        kspace: (..., ky, kx) complex.
        rings: increasing radii, as fractions of the largest frequency along each axis.
    """
    y, x = ((torch.arange(size) - size // 2) / (size / 2) for size in kspace.shape[-2:])
    radius = torch.hypot(y[:, None], x)
    energy = kspace.abs().double().square().reshape(-1, *radius.shape).sum(0)
    inside = [(radius >= low) & (radius < high) for low, high in pairwise(rings)]
    levels = torch.stack([energy[ring].mean() for ring in inside])
    return tuple((levels / levels[0]).log10().tolist())


def figures(kspace: Tensor) -> Figures:
    """Compute all statistics of one fully sampled slice, (coil, ky, kx) complex."""
    sample = undersample(kspace, RULER.mask("calibration", kspace.shape[-1]))
    coil_images, scores = ifft2c(kspace[None]), cg_sense_scores(with_cropped_maps(sample), ITERATIONS)
    correlation = noise_correlation(coil_images)
    return Figures(
        zero_filled=slice_ssim(zero_filled(sample), sample)[0],
        cg_sense_best=max(scores),
        cg_sense_last=scores[-1],
        background=background_level(coil_images),
        correlation_mean=float(correlation.mean()),
        correlation_max=float(correlation.max()),
        radial_energy=radial_energy(kspace),
    )


def figures_of(slices: Iterable[tuple[Path, int]]) -> list[Figures]:
    """Compute the statistics of slices given as (path, slice index)."""
    return [figures(read_slice(path, index).kspace) for path, index in slices]


def scanner_figures(folder: Path | None = None, angles: Iterable[int] = tuple(SCANNER)) -> dict[int, Figures]:
    """Statistics of the real brain by flip angle: measured if its folder is given, otherwise read from `SCANNER`.

    Args:
        folder: result of `data.fetch.locate("brain-vfa")`.
        angles: flip angles in degrees, among 1, 3, …, 19.
    """
    if folder is None:
        return {angle: SCANNER[angle] for angle in angles}
    return {angle: figures_of([(folder / f"file_brain_vfa_FA{angle:02d}.h5", 0)])[0] for angle in angles}


def mean_and_range(values: Sequence[float]) -> dict[str, float]:
    """Mean, minimum and maximum of a list, under the keys that tables print as value [low, high]."""
    return {"value": sum(values) / len(values), "low": min(values), "high": max(values)}


def comparison_rows(simulated: Sequence[Figures], scanner: Mapping[int, Figures]) -> list[dict[str, Any]]:
    """One row for each of LABELS: the simulation's mean and range, then the scanner's value at each angle."""
    return [
        {"figure": label, "simulated": mean_and_range([getattr(one, name) for one in simulated])}
        | {f"{angle}°": getattr(found, name) for angle, found in scanner.items()}
        for name, label in LABELS.items()
    ]


def likeness_in_words(simulated: Sequence[Figures], scanner: Mapping[int, Figures]) -> list[str]:
    """A line of Markdown for each angle: which figures of the scanner lie in the simulation's range and which do not.

    k-space energy is compared by its largest distance to the simulation's mean, see `energy_distance`.
    """
    lines = []
    for angle, found in scanner.items():
        within, beyond = [], []
        for name, label in LABELS.items():
            value, span = getattr(found, name), mean_and_range([getattr(one, name) for one in simulated])
            if span["low"] <= value <= span["high"]:
                within.append(label)
            else:
                beyond.append(f"{label} ({value:.3f}, simulated {span['low']:.3f} to {span['high']:.3f})")
        lines.append(
            f"**Scanner, {angle}°.** Within the simulated range: {'; '.join(within) or 'none'}. Outside: "
            f"{'; '.join(beyond) or 'none'}. Largest difference in k-space energy: "
            f"{energy_distance(simulated, found):.2f} decades."
        )
    return lines


def energy_rows(simulated: Sequence[Figures], scanner: Mapping[int, Figures]) -> list[dict[str, Any]]:
    """Curves of radial energy for a chart: the simulation's mean with its range, the scanner at each angle."""
    rows = []
    for ring, radius in enumerate((low + high) / 2 for low, high in pairwise(RINGS)):
        found = mean_and_range([one.radial_energy[ring] for one in simulated])
        rows.append({"radius": radius, "from": "simulated", **found})
        for angle, one in scanner.items():
            level = one.radial_energy[ring]
            rows.append({"radius": radius, "from": f"scanner, {angle}°", "value": level, "low": level, "high": level})
    return rows


def energy_distance(simulated: Sequence[Figures], scanner: Figures) -> float:
    """Largest distance in decades between the simulation's mean radial energy and the scanner's."""
    means = [sum(ring) / len(simulated) for ring in zip(*(one.radial_energy for one in simulated), strict=True)]
    return max(abs(mean - level) for mean, level in zip(means, scanner.radial_energy, strict=True))
