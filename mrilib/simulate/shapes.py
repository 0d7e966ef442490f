"""Soft-edged shapes on a grid in millimetres, and random fields, used to paint an anatomy."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
SOFTNESS = 0.6  # pixels
FADED = 40.0  # distance from an edge, in units of softness, beyond which it has no effect


@dataclass(frozen=True)
class Grid:
    """Pixel centres in millimetres; y grows downwards, the origin is the centre of the field of view."""

    shape: tuple[int, int]
    spacing: float
    y: Array = field(init=False, repr=False)
    x: Array = field(init=False, repr=False)

    def __post_init__(self) -> None:
        rows, columns = self.shape
        y = (np.arange(rows) - rows // 2)[:, None] * self.spacing
        x = (np.arange(columns) - columns // 2)[None, :] * self.spacing
        object.__setattr__(self, "y", np.broadcast_to(y, self.shape))
        object.__setattr__(self, "x", np.broadcast_to(x, self.shape))

    def inside(self, distance: Array) -> Array:
        """Coverage in [0, 1] of {distance > 0}, with an edge about `SOFTNESS` pixels wide (partial volume)."""
        return 1 / (1 + np.exp(np.clip(-distance / (SOFTNESS * self.spacing), -FADED, FADED)))

    def warped(self, dy: Array | float, dx: Array | float) -> "Grid":
        """Copy with coordinates displaced by (dy, dx) millimetres."""
        copy = Grid(self.shape, self.spacing)
        object.__setattr__(copy, "y", self.y + dy)
        object.__setattr__(copy, "x", self.x + dx)
        return copy

    def ellipse(self, cy: float, cx: float, ry: float, rx: float, degrees: float = 0.0) -> Array:
        """Approximate signed distance in millimetres to an ellipse, positive inside."""
        angle = np.deg2rad(degrees)
        u = np.cos(angle) * (self.x - cx) + np.sin(angle) * (self.y - cy)
        v = -np.sin(angle) * (self.x - cx) + np.cos(angle) * (self.y - cy)
        radius = np.hypot(u / rx, v / ry)
        return (1 - radius) * min(rx, ry)

    def segment(self, start: tuple[float, float], end: tuple[float, float], width: float) -> Array:
        """Signed distance to a thick line from `start` to `end`, both (y, x) in millimetres."""
        (y0, x0), (y1, x1) = start, end
        dy, dx = y1 - y0, x1 - x0
        t = np.clip(((self.y - y0) * dy + (self.x - x0) * dx) / (dy * dy + dx * dx), 0, 1)
        return width / 2 - np.hypot(self.y - y0 - t * dy, self.x - x0 - t * dx)

    def outline(self, ry: float, rx: float, bumps: Sequence[tuple[float, float]]) -> Array:
        """Signed distance to a closed outline: an ellipse with its radius modulated by `bumps` (amplitude, phase)."""
        theta = np.arctan2(self.y / ry, self.x / rx)
        wobble = sum(a * np.cos((k + 2) * theta + p) for k, (a, p) in enumerate(bumps))
        return (1 + wobble - np.hypot(self.x / rx, self.y / ry)) * min(rx, ry)


def _frequency(grid: Grid, stretch: float = 1.0) -> Array:
    fy = stretch * np.fft.fftfreq(grid.shape[0], grid.spacing)[:, None]
    fx = np.fft.rfftfreq(grid.shape[1], grid.spacing)[None, :]
    return np.hypot(fy, fx)


def _filtered_noise(rng: np.random.Generator, grid: Grid, gain: Array) -> Array:
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(grid.shape)) * gain, grid.shape)
    return (noise - noise.mean()) / noise.std()


def band_field(
    rng: np.random.Generator, grid: Grid, wavelength: float, width: float = 0.35, stretch: float = 1.0
) -> Array:
    """Random field of zero mean and unit variance with structures of about `wavelength` millimetres.

    `stretch` above 1 elongates them along y, like fibres.
    """
    frequency = _frequency(grid, stretch)
    gain = np.exp(-(np.log(np.maximum(frequency, 1e-9) * wavelength) ** 2) / (2 * width**2))
    return _filtered_noise(rng, grid, gain)


def fractal_field(rng: np.random.Generator, grid: Grid, exponent: float, longest: float) -> Array:
    """Random field of zero mean and unit variance, amplitude |f|^−exponent for wavelengths below `longest` (mm)."""
    gain = (np.hypot(_frequency(grid), 1 / longest)) ** -exponent
    gain[0, 0] = 0
    return _filtered_noise(rng, grid, gain)


def smooth_field(rng: np.random.Generator, grid: Grid, longest: float) -> Array:
    """Slowly varying random field of unit variance, used to bend outlines and phases."""
    return _filtered_noise(rng, grid, np.exp(-((_frequency(grid) * longest) ** 2)))


def union(distances: Sequence[Array]) -> Array:
    """Signed distance to the union of shapes."""
    return np.maximum.reduce(list(distances))


class Canvas:
    """Tissue fractions per pixel that always sum to at most one: each layer covers those below it."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.fractions: dict[str, Array] = {}

    def paint(self, tissue: str, coverage: Array) -> None:
        """Cover the canvas with `tissue` in proportion to `coverage` (0 to 1)."""
        for name in self.fractions:
            self.fractions[name] = self.fractions[name] * (1 - coverage)
        self.fractions[tissue] = self.fractions.get(tissue, np.zeros(self.grid.shape)) + coverage

    def paint_inside(self, tissue: str, distance: Array, opacity: float = 1.0) -> None:
        """Cover {distance > 0} with `tissue`."""
        part = self._touched(distance)
        coverage = opacity * self.grid.inside(distance[part])
        for fraction in self.fractions.values():
            fraction[part] *= 1 - coverage
        self.fractions.setdefault(tissue, np.zeros(self.grid.shape))[part] += coverage

    def _touched(self, distance: Array) -> tuple[slice, slice]:
        """Rectangle outside which the edge has faded below double precision relative to one."""
        close = distance > -FADED * SOFTNESS * self.grid.spacing
        rows, columns = np.flatnonzero(close.any(1)), np.flatnonzero(close.any(0))
        return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else np.s_[:0, :0]
