"""Explorer of the forward model: vary a scan and see k-space, mask, coil images, zero-filled and CG-SENSE images."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from html import escape
from itertools import pairwise
from typing import Any

import ipywidgets
import torch
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.figures.images import decades
from mrilib.figures.plot import Picture, image_png
from mrilib.figures.theme import MUTED
from mrilib.figures.tiles import FACTOR, TILE, WIDTH, error_png, tile_row
from mrilib.fourier import ifft2c
from mrilib.sample import Sample, undersample
from mrilib.sampling import MASKS, calibration_width
from mrilib.scoring import matched, slice_ssim, with_cropped_maps, zero_filled
from mrilib.simulate.acquisition import simulate_slice

MATRIX = (128, 128)  # ky, kx; small enough to follow a slider
COILS = (1, 2, 4, 8, 12)
LEVEL = 0.1  # position of the slice, see `simulate_slice`
NOISE, PATIENT, ITERATIONS = 0.09, 50_000, 8  # of the first view; iterations of CG-SENSE
FLAT = 48  # pixels: height of a mask above an image
CALIBRATION = 6  # lines of the calibration region (ACS) that ESPIRiT needs: the side of its patches

Panel = tuple[bytes, str, str]  # PNG; title; caption


def forward_explorer(
    data: str = "brain_axt2",
    acceleration: int = 4,
    center_fraction: float = 0.08,
    kind: str = "random",
    seed: int = 0,
    coils: int = 8,
    noise: float = NOISE,
    patient: int = PATIENT,
    iterations: int = ITERATIONS,
    beside: Sequence[int] = (),
) -> ipywidgets.VBox:
    """Six controls over y = M F S x + n for one simulated slice and its two simplest reconstructions, updated live.

    Args:
        data: name of a distribution, whose anatomy and contrast are simulated on a 128 × 128 matrix.
        acceleration, center_fraction, kind, seed: parameters of the mask, see `sampling.random_mask`.
        coils: number of receive coils.
        noise: level of the RSS image where it contains only noise, relative to the 95th percentile of the image.
        patient: seed of anatomy, coil array and noise.
        iterations: number of CG-SENSE iterations.
        beside: accelerations whose images are shown side by side where no kernel runs; the first view when empty.

    Raises:
        ValueError: unknown distribution. An impossible mask is reported in the view instead.
    """
    counts = sorted({*COILS, coils})
    for count in counts:
        _clean_and_noise(data, patient, count)  # computed ahead, so that the sliders respond at once
    fraction = {"value": center_fraction, "min": 0.02, "max": 0.32, "step": 0.02, "readout_format": ".0%"}
    level = {"value": noise, "min": 0, "max": max(0.3, noise), "step": 0.03}
    factors = {"value": acceleration, "min": 1, "max": max(10, acceleration)}
    controls = {
        "acceleration": ipywidgets.IntSlider(**factors, description="acceleration", **WIDE),
        "center_fraction": ipywidgets.FloatSlider(**fraction, description="center fraction", **WIDE),
        "kind": ipywidgets.SelectionSlider(options=list(MASKS), value=kind, description="mask kind", **WIDE),
        "seed": ipywidgets.IntSlider(value=seed, min=0, max=max(20, seed), description="mask seed", **WIDE),
        "coils": ipywidgets.SelectionSlider(options=counts, value=coils, description="receive coils", **WIDE),
        "noise": ipywidgets.FloatSlider(**level, description="noise / signal", **WIDE),
    }
    values = {name: control.value for name, control in controls.items()}
    still = _side_by_side(data, patient, iterations, values, beside) if beside else ""
    return explorer(controls, partial(_page, data, patient, iterations), still=still)


def scanned(data: str, patient: int, coils: int, noise: float) -> Tensor:
    """Fully sampled k-space of a simulated slice, (coil, ky, kx); arguments as in `forward_explorer`."""
    clean, unit = _clean_and_noise(data, patient, coils)
    return clean + noise * unit


@lru_cache(maxsize=2 * len(COILS))
def _clean_and_noise(data: str, patient: int, coils: int) -> tuple[Tensor, Tensor]:
    """Noise-free k-space, and noise of level 1; the simulation is linear in the level."""
    scan = replace(distribution(data).scan, matrix=MATRIX, coils=coils, sub_slices=1)
    quiet, loud = (simulate_slice(replace(scan, background=level), patient, LEVEL).kspace for level in (0.0, 1.0))
    clean, unit = (torch.from_numpy(one).to(torch.complex64) for one in (quiet, loud - quiet))
    return clean, unit


def reconstructions(sample: Sample, iterations: int) -> dict[str, Tensor]:
    """Reconstructions of one slice by method; CG-SENSE only if the calibration region is wide enough for coil maps."""
    images = {"zero-filled": zero_filled(sample)}
    if calibration_width(sample.mask) >= CALIBRATION:
        A = with_cropped_maps(sample).operator
        images[f"CG-SENSE ({iterations} iterations)"] = A.pinv(sample.masked_kspace, iterations, tolerance=0.0)
    return images


def slice_in_words(sample: Sample, scores: dict[str, float]) -> str:
    """Describe the true acceleration and SSIM in words and, if CG-SENSE is missing, the reason."""
    lines, columns = int(sample.mask.sum()), sample.mask.shape[-1]
    named = ", ".join(f"{name} {score:.3f}" for name, score in scores.items())
    words = f"True acceleration {columns / lines:.2f}×: {lines} of {columns} lines are measured. SSIM: {named}."
    center = calibration_width(sample.mask)
    if center >= CALIBRATION:
        return words
    reason = f"its coil maps need {CALIBRATION} lines in the centre, but there are only {center}; widen the centre"
    return f"{words} CG-SENSE is not shown: {reason}."


def _page(
    data: str,
    patient: int,
    iterations: int,
    *,
    acceleration: int,
    center_fraction: float,
    kind: str,
    seed: int,
    coils: int,
    noise: float,
) -> str:
    """Summary and two rows of images: mask, reconstructions and object and, below, k-space, errors and one coil."""
    mask = MASKS[kind](MATRIX[1], acceleration, center_fraction, seed)[None, None, None]
    kspace = scanned(data, patient, coils, noise)
    sample = undersample(kspace, mask, maps=False)
    images = reconstructions(sample, iterations)
    scores = {name: slice_ssim(image, sample)[0] for name, image in images.items()}
    target, shown = matched(sample, images)
    white, coil = float(target.max()), coils // 2
    lines = _lines(mask)
    seen = ifft2c(kspace)[coil].abs()
    ends = f"black 0, brightest {1 / FACTOR:g} of white"
    above = [_mask_panel(mask)]
    above += [_grey(image / white, name, f"SSIM {scores[name]:.3f}") for name, image in shown.items()]
    above += [_grey(target / white, "fully sampled (simulated)", "root sum of squares")]
    below = [_grey(_logarithm(sample.masked_kspace[0, 0]), "measured k-space, coil 1", lines)]
    below += [
        (error_png(target, image, white), f"|error| of {name.split(' (')[0]}", ends) for name, image in shown.items()
    ]
    below += [_grey(seen / seen.max(), f"coil {coil + 1}", "")]
    return f"<p>{escape(slice_in_words(sample, scores))}</p>{_row(above)}{_row(below)}"


def _side_by_side(
    data: str, patient: int, iterations: int, values: Mapping[str, Any], accelerations: Sequence[int]
) -> str:
    """One slice, fully sampled and from fewer and fewer lines, each image below its mask; `values` of the controls."""
    kspace = scanned(data, patient, values["coils"], values["noise"])
    masks, panels, scores = [_mask_panel(torch.ones(1, 1, 1, MATRIX[1]), FLAT)], [], []
    for acceleration in accelerations:
        mask = MASKS[values["kind"]](MATRIX[1], acceleration, values["center_fraction"], values["seed"])
        sample = undersample(kspace, mask[None, None, None], maps=False)
        name, image = list(reconstructions(sample, iterations).items())[-1]
        target, shown = matched(sample, {name: image})
        scores.append(slice_ssim(image, sample)[0])
        masks.append(_mask_panel(sample.mask, FLAT))
        panels.append(
            _grey(shown[name] / target.max(), f"{acceleration}×, {name.split(' (')[0]}", f"SSIM {scores[-1]:.3f}")
        )
    panels.insert(0, _grey(target / target.max(), "fully sampled (simulated)", ""))
    falls = len(scores) > 1 and all(later < earlier for earlier, later in pairwise(scores))
    words = "The fewer lines are measured, the lower the SSIM" if falls else "One slice, from fewer and fewer lines"
    return f"<p><b>{words} (simulated)</b></p>{_row(masks)}{_row(panels)}"


def _mask_panel(mask: Tensor, height: int = MATRIX[0]) -> Panel:
    return _grey(mask.expand(1, 1, height, MATRIX[1]).float(), "mask", _lines(mask))


def _lines(mask: Tensor) -> str:
    return f"{int(mask.sum())} of {mask.numel()} lines"


def _grey(image: Tensor, title: str, caption: str) -> Panel:
    """Panel of grey values in [0, 1], (1, 1, y, x)."""
    return image_png(image, 1.0), title, caption


def _logarithm(kspace: Tensor) -> Tensor:
    magnitude = kspace.abs()
    return torch.from_numpy(decades((magnitude / magnitude.max()).numpy()))


def _row(panels: Sequence[Panel]) -> str:
    return tile_row([_figure(*panel) for panel in panels])


def _figure(content: bytes, title: str, caption: str) -> str:
    alt = f"{title}: {caption}" if caption else title
    drawn = picture(Picture(content, alt, WIDTH), alt, WIDTH)
    words = f"{escape(title)}<br>{escape(caption)}"
    framed = f'<div style="outline: 1px solid {MUTED}; line-height: 0">{drawn}</div>'
    return f'<figure style="{TILE}; line-height: 1.3">{framed}<figcaption>{words}</figcaption></figure>'
