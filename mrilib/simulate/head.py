"""Procedural 3-D head: from a seed to tissue fractions on any plane."""

import numpy as np

from mrilib.simulate.section import Section, Waves, melt, through_patient
from mrilib.simulate.shapes import Array, Canvas, Grid


def _cranium(plane: Section) -> Array:
    return plane.ellipsoid((0, 4, -2), (76, 97, 84), 8)


def _face(plane: Section) -> Array:
    jaw = plane.ellipsoid((0, -40, 68), (60, 52, 62))
    nose = plane.tube((0, -84, 30), (0, -108, 52), 7, 11)
    neck = plane.tube((0, 22, 70), (0, 38, 220), 58, 64)
    return melt(melt(jaw, nose, 8), neck, 25)


def _brain(plane: Section) -> Array:
    """Cerebrum with temporal lobes."""
    top = plane.ellipsoid((0, 6, -10), (67, 85, 66), 6)
    cerebrum = np.minimum(top, 34 + 0.16 * plane.y - plane.z)
    temporal = plane.mirrored().ellipsoid((38, -8, 26), (26, 42, 22), -12)
    return melt(cerebrum, temporal, 8)


def _paint_skull(rng: np.random.Generator, canvas: Canvas, plane: Section, head: Array, cavity: Array) -> None:
    """Paint skin, fat, muscle and a skull with marrow around the brain cavity."""
    fat = rng.uniform(2.0, 5.0)
    canvas.paint_inside("skin", head)
    canvas.paint_inside("fat", head - 1.8)
    low = np.clip((plane.z - 25) / 20, 0, 1)
    bellies = Waves(rng, 26.0).at(plane)
    inner = head - 1.8 - fat * (1 + low)
    canvas.paint_inside("muscle", np.minimum(np.minimum(inner, 30 * low - 6), 10 * (bellies + 0.6)))
    thickness = rng.uniform(4.5, 7.0)
    bone = cavity + thickness
    canvas.paint_inside("bone", np.minimum(bone, head - 3.0))
    marrow = np.minimum(bone - 0.28 * thickness, 0.72 * thickness - bone)
    canvas.paint_inside("marrow", np.minimum(marrow, 25 - plane.z), opacity=rng.uniform(0.4, 0.9))
    canvas.paint_inside("csf", cavity)


def _paint_cortex(rng: np.random.Generator, canvas: Canvas, plane: Section, brain: Array) -> None:
    """Paint grey matter along the surface and the sulci, which are the zero surfaces of a random field."""
    wavelength, ribbon, reach = rng.uniform(18, 25), rng.uniform(2.2, 3.0), rng.uniform(15.0, 22.0)
    folds = np.abs(Waves(rng, wavelength).at(plane)) * wavelength / 5 + 0.8 * np.maximum(brain - reach, 0)
    canvas.paint_inside("grey_matter", brain)
    canvas.paint_inside("white_matter", np.minimum(brain - ribbon, folds - ribbon))
    opening = rng.uniform(0.3, 1.0) * (1 + 0.4 * Waves(rng, 40.0).at(plane))
    canvas.paint_inside("csf", np.minimum(opening - folds, brain + 1.0))
    midline = plane.x + 1.5 * Waves(rng, 30.0).at(plane)
    gap = np.minimum(rng.uniform(0.5, 1.1) - np.abs(midline), brain + 1.0)
    canvas.paint_inside("csf", np.minimum(gap, np.maximum(-plane.z - 18, np.abs(plane.y - 6) - 45)))


def _paint_deep(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint corpus callosum, thalamus, basal ganglia and ventricles."""
    side, size = plane.mirrored(), rng.uniform(0.8, 1.3)
    arch = plane.ellipsoid((0, 4, -6), (20, 40, 22), 8)
    canvas.paint_inside("white_matter", np.minimum(arch, 14 - plane.z))
    canvas.paint_inside("grey_matter", side.ellipsoid((11, 10, 4), (9, 15, 9)), 0.85)
    canvas.paint_inside("grey_matter", side.ellipsoid((14, -18, -4), (6, 11, 10)), 0.9)
    canvas.paint_inside("grey_matter", side.ellipsoid((27, -3, 3), (6, 17, 11)), 0.9)
    canvas.paint_inside("csf", side.ellipsoid((9, -12, -9), (4.5 * size, 26, 8 * size), 6))
    canvas.paint_inside("csf", side.ellipsoid((21, 30, 0), (5 * size, 16, 8 * size), -14))
    canvas.paint_inside("csf", side.ellipsoid((32, -2, 27), (3, 16, 4 * size)))
    canvas.paint_inside("white_matter", np.minimum(arch, 7 - arch) - np.maximum(plane.z + 8, 0))
    canvas.paint_inside("csf", plane.ellipsoid((0, 2, 7), (1.8 * size, 12, 9)))


def _paint_hindbrain(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint cerebellum with its folia, brainstem and spinal cord in fluid, and fourth ventricle."""
    stem, cord = plane.tube((0, 8, 18), (0, 22, 62), 15, 9), plane.tube((0, 22, 62), (0, 40, 220), 6)
    canvas.paint_inside("csf", plane.tube((0, 22, 60), (0, 40, 220), 10))
    cerebellum = plane.ellipsoid((0, 50, 46), (53, 30, 26), 10)
    canvas.paint_inside("csf", cerebellum + 2)
    canvas.paint_inside("grey_matter", cerebellum)
    leaves = np.abs(np.sin(np.pi * np.hypot(plane.y - 28, plane.z - 44) / rng.uniform(5, 7)))
    canvas.paint_inside("white_matter", np.minimum(cerebellum - 3, 4 * (leaves - 0.45) + 0.25 * (cerebellum - 8)))
    canvas.paint_inside("white_matter", melt(stem, cord, 6))
    canvas.paint_inside("white_matter", plane.ellipsoid((0, 6, 38), (17, 13, 16)))
    canvas.paint_inside("csf", plane.ellipsoid((0, 28, 44), (8, 4, 9)))


def _paint_face(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint eyes with orbital fat, air in nose and throat, tongue, jaw and cervical vertebral bodies."""
    side = plane.mirrored()
    canvas.paint_inside("fat", side.ellipsoid((31, -58, 34), (20, 30, 18)))
    canvas.paint_inside("muscle", side.tube((33, -64, 34), (18, -30, 34), 9, 2), 0.7)
    canvas.paint_inside("fluid", side.ellipsoid((32, -76, 34), (12, 12, 12)))
    canvas.paint_inside("ligament", side.ellipsoid((32, -85, 34), (5, 2.2, 5)))
    canvas.paint_inside("bone", plane.ellipsoid((0, -62, 56), (34, 30, 20)), 0.7)
    canvas.paint_inside("air", side.ellipsoid((24, -58, 58), (13, 18, 15)))
    canvas.paint_inside("air", side.ellipsoid((6, -66, 52), (4, 34, 17)))
    canvas.paint_inside("air", plane.tube((0, -22, 64), (0, 0, 200), 8, 10))
    jaw = plane.ellipsoid((0, -44, 98), (46, 46, 14))
    canvas.paint_inside("bone", np.minimum(jaw, 7 - jaw))
    canvas.paint_inside("marrow", np.minimum(jaw - 2, 5 - jaw))
    canvas.paint_inside("muscle", plane.ellipsoid((0, -46, 90), (26, 34, 22)))
    for body in range(6):
        centre = (0.0, 10 + 0.14 * (74 + 19 * body), 74.0 + 19 * body)
        canvas.paint_inside("bone", plane.ellipsoid(centre, (12, 10, 9)))
        canvas.paint_inside("marrow", plane.ellipsoid(centre, (10.5, 8.5, 7.5)), 0.8)


def _paint_vessels(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    canvas.paint_inside("blood", plane.tube((0, 100, -20), (0, 90, 30), 4) - 0.5 * np.abs(plane.x))
    canvas.paint_inside("blood", plane.mirrored().tube((18, -4, 70), (24, 10, 200), 3.5))
    for _ in range(int(rng.integers(14, 30))):
        start = rng.normal(0, 1, 3)
        start *= np.array([60, 76, 58]) * rng.uniform(0.2, 0.95) / np.linalg.norm(start)
        start[2] = min(start[2] - 10, 30.0)
        end = start + rng.normal(0, 5, 3)
        canvas.paint_inside("blood", plane.tube(start, end, rng.uniform(0.5, 1.1)), opacity=0.8)


def head(patient: int, grid: Grid, view: str, position: float) -> dict[str, Array]:
    """Tissue fractions of one plane through a patient's head.

    Args:
        patient: seed; the same patient has the same head on every plane.
        grid: pixel centres in millimetres.
        view: "axial", "coronal" or "sagittal".
        position: position of the plane along z, y or x in millimetres from the middle of the brain.

    Returns:
        {tissue: (row, column) fraction}.

    Raises:
        ValueError: unknown view.
    """
    rng = np.random.default_rng([13, patient])
    plane = through_patient(rng, grid, view, position, 0.07, (0.8, 1.8, 110.0))
    canvas = Canvas(grid)
    cavity = melt(_brain(plane), plane.ellipsoid((0, 50, 46), (53, 30, 26), 10), 6) + 2.5
    outline = melt(_cranium(plane), _face(plane), 18)
    _paint_skull(rng, canvas, plane, outline, cavity)
    _paint_face(rng, canvas, plane)
    _paint_cortex(rng, canvas, plane, _brain(plane))
    _paint_deep(rng, canvas, plane)
    _paint_hindbrain(rng, canvas, plane)
    _paint_vessels(rng, canvas, plane)
    return {tissue: fraction * grid.inside(outline) for tissue, fraction in canvas.fractions.items()}
