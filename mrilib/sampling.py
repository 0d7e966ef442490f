"""Cartesian undersampling masks, identical line by line to fastMRI 0.3.0; mask splitting for self-validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

import numpy as np
import torch
from torch import Tensor

Seed = int | Sequence[int] | None


def random_mask(width: int, acceleration: float, center_fraction: float, seed: Seed) -> Tensor:
    """Calibration region (ACS) plus each column with probability (W/R − low)/(W − low), W/R columns in expectation.

    low = round(W · center_fraction). Identical to fastMRI's `RandomMaskFunc` for the same seed.

    Args:
        width: number W of phase-encode columns.
        acceleration: R ≥ 1.
        center_fraction: fraction of columns in the calibration region, in (0, 1].
        seed: one or several integers (see `seed_from_name`); None is unseeded. The global random state is not touched.

    Returns:
        (width,) bool.

    Raises:
        ValueError: an argument is out of range, or W/R is smaller than the calibration region.
    """
    low = _center_lines(width, acceleration, center_fraction)
    _check_budget(width, acceleration, low)
    probability = (width / acceleration - low) / (width - low) if low < width else 1.0
    return _with_center(_generator(seed).uniform(size=width) < probability, low)


def equispaced_mask(width: int, acceleration: int, center_fraction: float, seed: Seed) -> Tensor:
    """Calibration region plus every R-th column from a random offset; fastMRI's `EquiSpacedMaskFunc`.

    The calibration region is added to these columns, so the true acceleration is below R (3.2 for R = 4 with 8 %
    centre). Arguments and errors as in `random_mask`, but R must be an integer and the calibration region may exceed
    W/R.
    """
    low = _center_lines(width, acceleration, center_fraction)
    step = _whole(acceleration)
    outer = np.zeros(width, dtype=bool)
    outer[_generator(seed).randint(0, high=step) :: step] = True
    return _with_center(outer, low)


def equispaced_fraction_mask(width: int, acceleration: float, center_fraction: float, seed: Seed) -> Tensor:
    """Calibration region plus equispaced columns, W/R columns in total; fastMRI's `EquispacedMaskFractionFunc`.

    The spacing R (low − W)/(low · R − W) is generally not an integer, so positions (all below W − 1) are rounded.
    Arguments and errors as in `random_mask`; the calibration region must also leave at least one column.
    """
    low = _center_lines(width, acceleration, center_fraction)
    _check_budget(width, acceleration, low, spare=1e-9)
    spacing = (acceleration * (low - width)) / (low * acceleration - width)
    offset = _generator(seed).randint(0, high=round(spacing))
    outer = np.zeros(width, dtype=bool)
    outer[np.around(np.arange(offset, width - 1, spacing)).astype(int)] = True
    return _with_center(outer, low)


def magic_mask(width: int, acceleration: int, center_fraction: float, seed: Seed) -> Tensor:
    """Calibration region plus equispaced columns offset between the halves of k-space; fastMRI's `MagicMaskFunc`.

    No sampled column mirrors another, which exploits the approximate conjugate symmetry of k-space.
    Arguments and errors as in `equispaced_mask`.

    Reference: Defazio, Offset sampling improves deep learning based accelerated MRI, 2019.
    """
    low = _center_lines(width, acceleration, center_fraction)
    step = _whole(acceleration)
    offset = _generator(seed).randint(0, high=step)
    right, left = (offset + 1, offset + 2) if offset % 2 == 0 else (offset + 2, offset - 1)
    positive, negative = np.zeros((width + 1) // 2, dtype=bool), np.zeros(width // 2, dtype=bool)
    positive[right::step] = True
    negative[left::step] = True
    return _with_center(np.fft.fftshift(np.concatenate([positive, negative[::-1]])), low)


MASKS: dict[str, Callable[[int, int, float, Seed], Tensor]] = {
    "random": random_mask,
    "equispaced": equispaced_mask,
    "equispaced_fraction": equispaced_fraction_mask,
    "magic": magic_mask,
}


def seed_from_name(file_name: str) -> tuple[int, ...]:
    """Character codes of the file's base name, so that a volume always gets the same mask, as in fastMRI."""
    return tuple(map(ord, PurePath(file_name).name))


def center_block(width: int, lines: int) -> slice:
    """Slice of the `lines` central columns, with fastMRI's convention for odd cases."""
    start = (width - lines + 1) // 2
    return slice(start, start + lines)


def calibration_width(mask: Tensor) -> int:
    """Number of calibration lines: the run of sampled columns symmetric about the zero frequency.

    A column counts as sampled if it is sampled in every row with samples; with a partial echo, some rows have none.

    2 min(left, right), where `right` includes the centre column kx // 2, as in fastMRI's VarNet. It is 1 if only
    the centre column is sampled and 0 if it is not. For a batch, columns must be sampled in all masks.

    Args:
        mask: (..., 1 or ky, kx) bool.
    """
    columns = ((mask | ~mask.any(-1, keepdim=True)).reshape(-1, mask.shape[-1]).all(0) & mask.any()).int()
    center = len(columns) // 2
    left = int(columns[:center].flip(0).cumprod(0).sum())
    right = int(columns[center:].cumprod(0).sum())
    return max(2 * min(left, right), min(1, right))


def split_mask(
    mask: Tensor,
    fraction: float,
    seed: Seed,
    unit: Literal["pixels", "lines"] = "pixels",
    readout: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Split the sampled locations into a training and a held-out validation mask, for early stopping.

    round(fraction · n) of n locations are drawn without replacement, at least one and never all.
    `pixels` draws from all sampled locations. `lines` draws whole columns from outside the calibration region
    (see `calibration_width`), because the sensitivity maps are estimated from this region and its energy would dominate
    the validation error.

    Args:
        mask: (batch or 1, 1, 1 or ky, kx) bool; each item is split independently.
        fraction: fraction of locations to hold out, in (0, 1).
        seed: see `random_mask`.
        unit: "pixels" or "lines".
        readout: number ky of rows; needed for "pixels" if the mask has one row.

    Returns:
        training and validation masks, disjoint with union `mask`; (…, ky, kx) for pixels, mask's shape for lines.

    Raises:
        ValueError: an argument is out of range, or there are fewer than two locations to draw from.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"fraction must lie between 0 and 1, got {fraction}")
    if mask.dtype != torch.bool:
        raise ValueError(f"mask must be bool, got {mask.dtype}")
    if unit not in ("pixels", "lines"):
        raise ValueError(f"unit must be 'pixels' or 'lines', got {unit!r}")
    full = _expand_rows(mask, readout) if unit == "pixels" else mask
    candidates = full if unit == "pixels" else _outer_columns(mask)
    generator = _generator(seed)
    planes = candidates.reshape(-1, candidates.shape[-2] * candidates.shape[-1])
    held_out = torch.stack([_draw(plane, fraction, generator) for plane in planes]).view(candidates.shape)
    return full & ~held_out, full & held_out


def _expand_rows(mask: Tensor, readout: int | None) -> Tensor:
    rows = mask.shape[-2]
    if rows == 1 and readout is None:
        raise ValueError("readout is needed to split a one-row mask into pixels: pass the number of rows ky")
    if rows not in (1, readout or rows):
        raise ValueError(f"readout is {readout}, but the mask has {rows} rows")
    return mask.expand(*mask.shape[:-2], readout or rows, mask.shape[-1])


def _outer_columns(mask: Tensor) -> Tensor:
    """Sampled columns outside the calibration region of each item, (…, 1, kx)."""
    columns = mask.any(-2, keepdim=True)
    if not (mask == columns).all():
        raise ValueError("unit='lines' needs a mask of whole columns; use unit='pixels'")
    outer = columns.clone()
    for item, kept in zip(columns.flatten(0, -2), outer.flatten(0, -2), strict=True):
        kept[center_block(len(item), calibration_width(item[None]))] = False
    return outer


def _draw(candidates: Tensor, fraction: float, generator: np.random.RandomState) -> Tensor:
    """Mask of a random subset of the true entries."""
    locations = candidates.nonzero().flatten()
    if len(locations) < 2:
        raise ValueError(f"mask leaves {len(locations)} locations to draw from: at least 2 are needed to split it")
    count = min(max(round(fraction * len(locations)), 1), len(locations) - 1)
    chosen = torch.from_numpy(generator.choice(len(locations), count, replace=False)).to(locations.device)
    drawn = torch.zeros_like(candidates)
    drawn[locations[chosen]] = True
    return drawn


def _generator(seed: Seed) -> np.random.RandomState:
    return np.random.RandomState(seed)


def _center_lines(width: int, acceleration: float, center_fraction: float) -> int:
    if width < 1:
        raise ValueError(f"width must be at least 1, got {width}")
    if not acceleration >= 1:
        raise ValueError(f"acceleration must be at least 1, got {acceleration}")
    if not 0 < center_fraction <= 1:
        raise ValueError(f"center_fraction must lie in (0, 1], got {center_fraction}")
    return round(width * center_fraction)


def _check_budget(width: int, acceleration: float, low: int, spare: float = 0.0) -> None:
    if width / acceleration < low + spare:
        raise ValueError(
            f"acceleration {acceleration} leaves {width / acceleration:.4g} of {width} columns, but center_fraction "
            f"takes {low}: lower one of them"
        )


def _whole(acceleration: float) -> int:
    if acceleration != int(acceleration):
        raise ValueError(f"acceleration must be a whole number for this mask, got {acceleration}")
    return int(acceleration)


def _with_center(outer: np.ndarray, low: int) -> Tensor:
    mask = outer.copy()
    mask[center_block(len(mask), low)] = True
    return torch.from_numpy(mask)


CENTER_FRACTIONS = {2: 0.16, 3: 0.12, 4: 0.08, 8: 0.04, 16: 0.02}  # fastMRI's values by acceleration, as in both papers


@dataclass(frozen=True)
class Undersampling:
    """Under-sampling settings; the mask's seed comes from the file name, so a volume always gets the same mask."""

    acceleration: float = 4
    center_fraction: float | None = None  # None: fastMRI's value for the acceleration
    kind: str = "random"

    def mask(self, file_name: str, width: int) -> Tensor:
        """Mask of a file, (1, 1, 1, kx) bool.

        Raises:
            ValueError: unknown kind, or center_fraction is None and has no known value for the acceleration.
        """
        fraction = self.center_fraction
        if fraction is None:
            if self.acceleration not in CENTER_FRACTIONS:
                raise ValueError(
                    f"center_fraction: no customary value for acceleration {self.acceleration}; "
                    f"give one, or use an acceleration of {sorted(CENTER_FRACTIONS)}"
                )
            fraction = CENTER_FRACTIONS[int(self.acceleration)]
        if self.kind not in MASKS:
            raise ValueError(f"mask kind {self.kind!r}: expected one of {', '.join(MASKS)}")
        # Some kinds accept only integer accelerations and raise an error otherwise.
        mask = MASKS[self.kind](width, self.acceleration, fraction, seed_from_name(file_name))  # type: ignore[arg-type]
        return mask[None, None, None]


@dataclass(frozen=True)
class AnyOf:
    """Under-sampling by one of several settings, chosen at random per slice and draw; seeded like the mask."""

    choices: tuple[Undersampling, ...]

    def mask(self, file_name: str, width: int) -> Tensor:
        """Mask of a file, (1, 1, 1, kx) bool; raises ValueError like `Undersampling.mask`."""
        chosen = np.random.default_rng(seed_from_name(f"{file_name} of {len(self.choices)}")).integers(
            len(self.choices)
        )
        return self.choices[chosen].mask(file_name, width)
