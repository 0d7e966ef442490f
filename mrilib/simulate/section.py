"""A plane through a 3-D body, and the solids and random fields that it cuts.

Coordinates are in millimetres; x to the patient's left, y to the back, z to the feet, so that rows of every view run
downwards.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mrilib.simulate.shapes import Array, Grid

Point = Sequence[float] | Array  # x, y, z
AFAR = 30.0  # millimetres; solids are not computed at pixels further away than this
VIEWS = {"axial": "yxz", "coronal": "zxy", "sagittal": "zyx"}  # axes along rows, along columns, across the plane


def axes_of(view: str) -> str:
    """Names of the axes along rows, along columns and across; raises ValueError for an unknown view."""
    if view not in VIEWS:
        raise ValueError(f"view {view!r}: expected one of {', '.join(VIEWS)}")
    return VIEWS[view]


@dataclass(frozen=True)
class Section:
    """Pixel coordinates of one plane; solids return signed distances in millimetres, positive inside."""

    x: Array
    y: Array
    z: Array
    straight: "Section | None" = None  # the plane before warping

    @classmethod
    def cut(cls, grid: Grid, view: str, position: float) -> "Section":
        """The plane of `view` at `position` along the third axis, sampled on `grid`.

        Raises ValueError for an unknown view.
        """
        found = dict(zip(axes_of(view), (grid.y, grid.x, np.full(grid.shape, position)), strict=True))
        return cls(found["x"], found["y"], found["z"])

    def warped(self, displacement: Sequence[Array]) -> "Section":
        """Copy with coordinates displaced by (dx, dy, dz): solids are bent, random fields are unchanged."""
        dx, dy, dz = displacement
        return Section(self.x + dx, self.y + dy, self.z + dz, self)

    def stretched(self, x: float, y: float, z: float) -> "Section":
        """Copy in a body scaled by a factor along each axis; not valid for a warped plane."""
        return Section(self.x / x, self.y / y, self.z / z)

    def ellipsoid(self, centre: Point, radii: Point, nod: float = 0.0) -> Array:
        """Approximate signed distance f(1 − f)/|∇f| to an ellipsoid, tilted by `nod` degrees in the y-z plane."""
        (cx, cy, cz), (rx, ry, rz) = centre, radii
        turn = np.deg2rad(nod)
        c, s = np.cos(turn), np.sin(turn)

        def distance(near: Section) -> Array:
            y, z = near.y - cy, near.z - cz
            u, v, w = (near.x - cx) / rx, (c * y + s * z) / ry, (c * z - s * y) / rz
            radius = np.sqrt(u * u + v * v + w * w)
            slope = np.sqrt((u / rx) ** 2 + (v / ry) ** 2 + (w / rz) ** 2)
            return (1 - radius) * radius / np.maximum(slope, 1e-6)

        reach = np.array([rx, np.hypot(c * ry, s * rz), np.hypot(c * rz, s * ry)])
        return self._near(np.array(centre) - reach, np.array(centre) + reach, distance)

    def tube(self, start: Point, end: Point, width: float, end_width: float | None = None) -> Array:
        """Signed distance to a rod with rounded ends whose radius varies from `width` to `end_width`."""
        a, b = np.array(start), np.array(end)
        (dx, dy, dz), length = b - a, (b - a) @ (b - a)
        last = width if end_width is None else end_width

        def distance(near: Section) -> Array:
            x, y, z = near.x - a[0], near.y - a[1], near.z - a[2]
            t = np.clip((dx * x + dy * y + dz * z) / length, 0, 1)
            away = np.sqrt((x - t * dx) ** 2 + (y - t * dy) ** 2 + (z - t * dz) ** 2)
            return width + t * (last - width) - away

        return self._near(np.minimum(a, b) - max(width, last), np.maximum(a, b) + max(width, last), distance)

    def _near(self, low: Array, high: Array, distance: Callable[["Section"], Array]) -> Array:
        """A solid's distance, computed in the rectangle of pixels within AFAR of the box [low, high]."""
        close = np.ones(self.x.shape, bool)
        for axis, least, most in zip((self.x, self.y, self.z), low, high, strict=True):
            close &= (axis > least - AFAR) & (axis < most + AFAR)
        found = np.full(self.x.shape, -AFAR)
        rows, columns = np.flatnonzero(close.any(1)), np.flatnonzero(close.any(0))
        if rows.size:
            part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            found[part] = np.maximum(distance(Section(self.x[part], self.y[part], self.z[part])), -AFAR)
        return found

    def mirrored(self) -> "Section":
        """Copy with |x| instead of x: what is built on the left also appears on the right."""
        return Section(np.abs(self.x), self.y, self.z)


class Waves:
    """3-D random field of zero mean and unit variance, a sum of plane waves in random directions.

    f(p) = √(2/K) Σ_k cos(2π u_k·p / λ_k + φ_k), λ_k log-normal around `wavelength` (millimetres): all planes cut the
    same field. `stretch` above 1 elongates it along z, like fibres.
    """

    def __init__(
        self, rng: np.random.Generator, wavelength: float, width: float = 0.25, count: int = 120, stretch: float = 1.0
    ) -> None:
        directions = rng.standard_normal((count, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        lengths = wavelength * np.exp(width * rng.standard_normal((count, 1)))
        self.waves = 2 * np.pi * directions / lengths / np.array([1, 1, stretch])
        self.phases = rng.uniform(0, 2 * np.pi, count)

    def at(self, plane: Section) -> Array:
        """Values at the pixels of a plane; for a warped plane, at the pixels before warping."""
        plane = plane.straight or plane
        corner = np.array([plane.x[0, 0], plane.y[0, 0], plane.z[0, 0]])
        down = np.array([plane.x[-1, 0], plane.y[-1, 0], plane.z[-1, 0]]) - corner
        along = np.array([plane.x[0, -1], plane.y[0, -1], plane.z[0, -1]]) - corner
        rows, columns = (np.linspace(0, 1, size)[:, None] for size in plane.x.shape)
        start = np.exp(1j * (self.waves @ corner + self.phases))
        vertical = start * np.exp(1j * rows * (self.waves @ down))
        across = np.exp(1j * columns * (self.waves @ along))
        product = vertical.real @ across.real.T - vertical.imag @ across.imag.T
        return np.sqrt(2 / len(self.phases)) * product


def lattice(grid: Grid, view: str, position: float, count: int) -> Array:
    """Regular grid of points (x, y, z) on a plane, (count², 3), from edge to edge of its field of view."""
    rows, columns = (np.linspace(-extent, extent, count) for extent in (grid.spacing * n / 2 for n in grid.shape))
    down, along = np.meshgrid(rows, columns, indexing="ij")
    found = dict(zip(axes_of(view), (down.ravel(), along.ravel(), np.full(count**2, position)), strict=True))
    return np.stack([found["x"], found["y"], found["z"]], -1)


def melt(first: Array, second: Array, reach: float) -> Array:
    """Smooth union of two solids, blended within `reach` millimetres (polynomial smooth maximum)."""
    share = np.clip(0.5 + 0.5 * (first - second) / reach, 0, 1)
    return second + share * (first - second) + reach * share * (1 - share)


def through_patient(
    rng: np.random.Generator, grid: Grid, view: str, position: float, growth: float, bend: tuple[float, float, float]
) -> Section:
    """Slightly bent plane through a body of random size; the body is the same for the same state of `rng`.

    Args:
        rng: generator in the patient's state.
        grid, view, position: see `Section.cut`.
        growth: largest relative change in length of each axis with respect to the model.
        bend: minimum and maximum displacement, and its wavelength, in millimetres.
    """
    flat, (least, most, wavelength) = Section.cut(grid, view, position), bend
    size = rng.uniform(1 - growth, 1 + growth, 3)
    moved = [rng.uniform(least, most) * Waves(rng, wavelength, count=24).at(flat) for _ in range(3)]
    return flat.stretched(*size).warped(moved)
