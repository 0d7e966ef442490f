"""Procedural 3-D male pelvis around the prostate: from a seed to tissue fractions on any plane."""

import numpy as np

from mrilib.simulate.section import Section, Waves, through_patient
from mrilib.simulate.shapes import Array, Canvas, Grid, union


def _paint_body(rng: np.random.Generator, canvas: Canvas, plane: Section, body: Array) -> None:
    """Paint skin, fat with septa, gluteal and obturator muscles, and the levator around the rectum."""
    canvas.paint_inside("skin", body)
    canvas.paint_inside("fat", body - 2)
    septa = np.abs(Waves(rng, 16.0).at(plane))
    canvas.paint_inside("ligament", np.minimum(0.5 - 3 * septa, body - 3), opacity=0.2)
    side, ragged = plane.mirrored(), 4 * Waves(rng, 34.0).at(plane)
    muscles = [
        side.ellipsoid((50, -8, 4), (11, 36, 44)),
        side.ellipsoid((82, 66, 10), (58, 34, 80)),
        side.ellipsoid((66, -62, 30), (34, 22, 60)),
        side.tube((24, 34, -40), (12, 30, 46), 3.5),
        side.ellipsoid((98, -44, 0), (28, 24, 60)),
    ]
    fibres = np.abs(Waves(rng, 26.0).at(plane)) - 0.06
    canvas.paint_inside("muscle", np.minimum(union(muscles) + ragged, 8 * fibres))


def _paint_bones(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint pubis, femoral heads, ischium and the lower end of the sacrum."""
    side, cortex = plane.mirrored(), rng.uniform(1.2, 2.4)
    solids = [
        side.tube((6, -56, 14), (56, -44, -18), 11, 15),
        side.ellipsoid((90, -12, -12), (24, 24, 24)),
        side.ellipsoid((66, 26, 14), (17, 20, 40)),
        plane.ellipsoid((0, 78, -22), (22, 11, 30)),
    ]
    for solid in solids:
        canvas.paint_inside("bone", solid)
        canvas.paint_inside("marrow", solid - cortex)
    canvas.paint_inside("cartilage", np.minimum(3 - np.abs(plane.x), plane.ellipsoid((0, -54, 12), (5, 12, 18))))


def _paint_bowel(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint the bladder above the prostate and the rectum behind it, with or without gas."""
    wall = rng.uniform(2.0, 4.0)
    bladder = plane.ellipsoid((0, -14, -46), rng.uniform(0.8, 1.25, 3) * (38, 28, 26))
    canvas.paint_inside("muscle", bladder + wall)
    canvas.paint_inside("fluid", bladder)
    size = rng.uniform(10, 18)
    rectum = plane.tube((0, 38, -70), (0, 30, 60), size, 0.7 * size)
    canvas.paint_inside("muscle", rectum + wall)
    canvas.paint_inside("cartilage", rectum)
    canvas.paint_inside("air", rectum - 3 - 2 * Waves(rng, 25.0).at(plane), opacity=float(rng.choice([0.0, 1.0])))
    vesicles = plane.mirrored().ellipsoid((18, 14, -26), (18, 6, 7))
    lobes = np.abs(Waves(rng, 7.0).at(plane)) - 0.3
    canvas.paint_inside("peripheral_zone", np.minimum(vesicles, 3 * lobes))


def _paint_prostate(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint the bright peripheral zone around a nodular transition zone, urethra, capsule and its veins."""
    width, depth = rng.uniform(21, 28), rng.uniform(15, 20)
    gland = plane.ellipsoid((0, 0, 0), (width, depth, 20))
    veins = np.abs(Waves(rng, 8.0).at(plane)) - 0.5
    canvas.paint_inside("blood", np.minimum(gland + 6, np.minimum(6 * veins, np.abs(plane.x) - 8)), opacity=0.7)
    canvas.paint_inside("ligament", gland + 1.2)
    canvas.paint_inside("peripheral_zone", gland)
    inner = plane.ellipsoid((0, -0.28 * depth, -3), (0.76 * width, 0.66 * depth, 15))
    canvas.paint_inside("ligament", inner + 1.0, opacity=0.7)
    canvas.paint_inside("transition_zone", inner)
    nodules = Waves(rng, rng.uniform(9, 14)).at(plane)
    canvas.paint_inside("peripheral_zone", np.minimum(5 * (nodules - 0.7), inner - 1), opacity=0.8)
    canvas.paint_inside("ligament", np.minimum(1.0 - 5 * np.abs(nodules - 0.7), inner - 1), opacity=0.6)
    canvas.paint_inside("ligament", plane.ellipsoid((0, -0.95 * depth, 0), (9, 3.5, 14)))
    canvas.paint_inside("fluid", plane.tube((0, -2, -20), (0, 4, 24), 1.6), opacity=0.7)


def _paint_vessels(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    side = plane.mirrored()
    canvas.paint_inside("blood", side.tube((60, -70, -60), (70, -84, 60), 5))
    canvas.paint_inside("blood", side.tube((48, -66, -60), (58, -80, 60), 5))
    for _ in range(int(rng.integers(8, 18))):
        place = rng.normal(0, 1, 3) * (45, 40, 30)
        end = place + rng.normal(0, 8, 3)
        canvas.paint_inside("blood", plane.tube(place, end, rng.uniform(0.6, 1.4)), opacity=0.8)


def pelvis(patient: int, grid: Grid, view: str, position: float) -> dict[str, Array]:
    """Tissue fractions of one plane through a patient's pelvis; arguments, result and errors as in `head.head`.

    The origin is the middle of the prostate; the pubis is in front, at negative y.
    """
    rng = np.random.default_rng([15, patient])
    plane = through_patient(rng, grid, view, position, 0.07, (0.8, 2.2, 90.0))
    canvas, body = Canvas(grid), plane.ellipsoid((0, 4, -20), (182, 116, 420))
    _paint_body(rng, canvas, plane, body)
    _paint_bones(rng, canvas, plane)
    _paint_bowel(rng, canvas, plane)
    _paint_vessels(rng, canvas, plane)
    _paint_prostate(rng, canvas, plane)
    return {tissue: fraction * grid.inside(body) for tissue, fraction in canvas.fractions.items()}
