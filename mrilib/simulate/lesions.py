"""Lesions of known position, size and contrast, painted into a brain."""

from dataclasses import dataclass

import numpy as np

from mrilib.simulate.section import Section
from mrilib.simulate.shapes import Array, Canvas, Grid

SMALLEST, LARGEST = (
    3.0,
    25.0,
)  # radius in millimetres; boxes from 12 pixels to a third of the image, as in paper B's list
REACH = 60.0  # millimetres; no core reaches further from the middle of the brain
RIM = 2.0  # of oedema around the core, millimetres


@dataclass(frozen=True)
class Lesion:
    """A ball of diseased tissue; centre (x, y, z) and radius of the core in millimetres."""

    centre: tuple[float, float, float]
    radius: float

    def apart(self, other: "Lesion") -> bool:
        """Return whether the rims of two lesions do not touch in the axial plane."""
        between = np.subtract(self.centre, other.centre)[:2]
        return bool(np.hypot(*between) > self.radius + other.radius + 2 * RIM)

    def box(self, grid: Grid, view: str, position: float) -> tuple[slice, slice] | None:
        """Rows and columns that contain the core in a plane, or None if the plane misses it."""
        plane = Section.cut(grid, view, position)
        x, y, z = self.centre
        inside = (plane.x - x) ** 2 + (plane.y - y) ** 2 + (plane.z - z) ** 2 < self.radius**2
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] if rows.size else None


def lesions(patient: int, level: float, position: float) -> list[Lesion]:
    """Draw one to three lesions that an axial plane through the brain cuts near their centres.

    Args:
        patient, level: seeds.
        position: position of the plane along z in millimetres.
    """
    rng = np.random.default_rng([16, patient, round(1000 * (level + 2))])
    found: list[Lesion] = []
    for _ in range(int(rng.integers(1, 4))):
        radius = float(np.exp(rng.uniform(np.log(SMALLEST), np.log(LARGEST))))
        angle, reach = rng.uniform(0, 2 * np.pi), min(rng.uniform(18, 46), REACH - radius)
        centre = (0.8 * reach * np.cos(angle), reach * np.sin(angle), position + rng.uniform(-0.3, 0.3) * radius)
        lesion = Lesion(centre, radius)
        if all(lesion.apart(other) for other in found):
            found.append(lesion)
    return found


def with_lesions(fractions: dict[str, Array], found: list[Lesion], grid: Grid, position: float) -> dict[str, Array]:
    """Tissue fractions of an axial slice with its lesions painted over them."""
    plane, canvas = Section.cut(grid, "axial", position), Canvas(grid)
    canvas.fractions = {tissue: fraction.copy() for tissue, fraction in fractions.items()}
    for lesion in found:
        ball = plane.ellipsoid(lesion.centre, (lesion.radius,) * 3)
        canvas.paint_inside("oedema", ball + RIM, opacity=0.8)
        canvas.paint_inside("lesion", ball)
    return canvas.fractions
