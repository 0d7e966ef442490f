"""Anatomies to scan: bodies and the planes through them, each under one name."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from mrilib.simulate.brain import axial_brain
from mrilib.simulate.head import head
from mrilib.simulate.knee import coronal_knee
from mrilib.simulate.knee_joint import knee_joint
from mrilib.simulate.lesions import Lesion, lesions, with_lesions
from mrilib.simulate.pelvis import pelvis
from mrilib.simulate.shapes import Array, Grid

HALF_SLICE = 2.0  # millimetres
LEVELS = 0.6  # slices lie at levels of −0.6 to 0.6

Fractions = dict[str, Array]


@dataclass(frozen=True)
class Anatomy:
    """A function (patient, grid, level, offset) → tissue fractions, and the slices' position relative to the coils."""

    paint: Callable[..., Fractions]
    view: str = "axial"
    middle: float = 0.0  # of the slice positions, millimetres
    reach: float = 0.0  # distance of the first and last slice from the middle, millimetres
    diseased: bool = False

    def position(self, level: float) -> float:
        """Position across the plane at a level, in millimetres."""
        return self.middle + level / LEVELS * self.reach

    def lesions(self, patient: int, level: float) -> list[Lesion]:
        """Lesions in a patient's slice; empty for a healthy body."""
        return lesions(patient, level, self.position(level)) if self.diseased else []


def _through(body: Callable[..., Fractions], view: str, first: float, last: float) -> Anatomy:
    """Parallel planes of one view through a 3-D body."""

    def paint(patient: int, grid: Grid, level: float, offset: float = 0.0) -> Fractions:
        return body(patient, grid, view, planes.position(level) + HALF_SLICE * offset)

    planes = Anatomy(paint, view, (first + last) / 2, (last - first) / 2)
    return planes


def _diseased(healthy: Anatomy) -> Anatomy:
    """The same axial planes with lesions; see `lesions.lesions`."""

    def paint(patient: int, grid: Grid, level: float, offset: float = 0.0) -> Fractions:
        painted, position = healthy.paint(patient, grid, level, offset), planes.position(level) + HALF_SLICE * offset
        return with_lesions(painted, planes.lesions(patient, level), grid, position)

    planes = replace(healthy, paint=paint, diseased=True)
    return planes


_HEAD = _through(head, "axial", -48, 36)
ANATOMIES = {
    "brain": Anatomy(axial_brain),
    "knee": Anatomy(coronal_knee),
    "head_axial": _HEAD,
    "head_lesions_axial": _diseased(_HEAD),
    "head_coronal": _through(head, "coronal", -58, 68),
    "head_sagittal": _through(head, "sagittal", -46, 46),
    "knee_joint_axial": _through(knee_joint, "axial", -48, 48),
    "knee_joint_coronal": _through(knee_joint, "coronal", -20, 30),
    "knee_joint_sagittal": _through(knee_joint, "sagittal", -34, 34),
    "pelvis_axial": _through(pelvis, "axial", -22, 22),
}
