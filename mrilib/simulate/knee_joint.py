"""Procedural 3-D knee: from a seed to tissue fractions on any plane."""

import numpy as np

from mrilib.simulate.section import Section, Waves, melt, through_patient
from mrilib.simulate.shapes import Array, Canvas, Grid, union


def _femur(plane: Section) -> Array:
    shaft = plane.tube((0, 2, -160), (0, -2, -30), 14, 21)
    condyles = plane.mirrored().ellipsoid((22, 8, -14), (18, 31, 24), 12)
    trochlea = plane.ellipsoid((0, -10, -22), (25, 20, 20))
    notch = plane.ellipsoid((0, 20, 2), (9, 24, 20))
    return np.minimum(melt(melt(condyles, trochlea, 8), shaft, 14), -notch)


def _tibia(plane: Section) -> Array:
    head = np.minimum(plane.ellipsoid((0, 6, 28), (41, 27, 22)), plane.z - 14)
    shaft = plane.tube((0, 2, 40), (0, 4, 170), 24, 13)
    spine = plane.mirrored().tube((4, 6, 20), (3, 6, 11), 5, 2)
    tubercle = plane.ellipsoid((0, -20, 48), (10, 9, 13))
    return union([melt(melt(head, shaft, 14), tubercle, 6), spine])


def _leg(plane: Section, girth: float) -> Array:
    thigh = plane.tube((0, 6, -170), (0, 4, -20), 72 * girth, 58 * girth)
    calf = plane.tube((0, 8, 30), (0, 14, 170), 55 * girth, 52 * girth)
    knee_cap = plane.ellipsoid((0, -38, -14), (32, 24, 36))
    return melt(melt(thigh, calf, 20), knee_cap, 14)


def _paint_leg(rng: np.random.Generator, canvas: Canvas, plane: Section, leg: Array) -> None:
    """Paint skin, fat with septa, and muscles away from the joint."""
    canvas.paint_inside("skin", leg)
    canvas.paint_inside("fat", leg - 1.6)
    septa = np.abs(Waves(rng, rng.uniform(10, 15)).at(plane))
    canvas.paint_inside("ligament", np.minimum(0.5 - 3 * septa, leg - 2.5), opacity=0.5)
    inner = leg - rng.uniform(5, 13) * np.clip(1 + 0.4 * Waves(rng, 70.0).at(plane), 0.3, 2)
    bellies = 6 * (np.abs(Waves(rng, rng.uniform(26, 38), stretch=4).at(plane)) - rng.uniform(0.1, 0.2))
    ragged = 8 * Waves(rng, 36.0).at(plane)
    behind = 0.7 * (plane.y - 24 + 0.5 * ragged)
    above = np.minimum(0.5 * (-plane.z - 52 + ragged), 0.6 * (np.hypot(plane.x, plane.y + 10) - 26))
    below = np.minimum(0.5 * (plane.z - 54 + ragged), np.abs(plane.x - 6) - 2)
    canvas.paint_inside("muscle", np.minimum(np.minimum(inner, bellies), union([behind, above, below])))


def _paint_bone(rng: np.random.Generator, canvas: Canvas, bone: Array, trabeculae: Array, oedema: Array) -> None:
    cortex = rng.uniform(0.9, 1.8)
    canvas.paint_inside("bone", bone)
    canvas.paint_inside("marrow", bone - cortex)
    inside = canvas.grid.inside(bone - cortex - 0.5)
    canvas.paint("bone", np.clip(0.08 + 0.06 * trabeculae, 0, 0.4) * inside)
    canvas.paint("fluid", rng.uniform(0, 0.5) * canvas.grid.inside(8 * (oedema - 2.0)) * inside)


def _paint_joint(rng: np.random.Generator, canvas: Canvas, plane: Section, bones: tuple[Array, Array, Array]) -> None:
    """Paint fluid, cartilage on femur, tibia and patella, menisci, and fat behind the patellar tendon."""
    femur, tibia, patella = bones
    canvas.paint_inside("fat", plane.ellipsoid((0, -34, 10), (26, 13, 20)))
    near = np.minimum(np.minimum(femur + 6, np.maximum(tibia, patella) + 7), 44 - np.abs(plane.x))
    canvas.paint_inside("fluid", near, opacity=rng.uniform(0.3, 0.9))
    canvas.paint_inside("fluid", plane.ellipsoid((0, -30, -52), (22, 4, 16), 12), opacity=rng.uniform(0.2, 0.9))
    thickness = rng.uniform(1.8, 3.0)
    facing = np.minimum(femur + thickness, np.maximum(plane.z + 16, -plane.y - 16))
    canvas.paint_inside("cartilage", np.minimum(facing, 40 - np.abs(plane.x)))
    canvas.paint_inside("cartilage", np.minimum(np.minimum(tibia + 0.9 * thickness, 19 - plane.z), plane.z - 6))
    canvas.paint_inside("cartilage", np.minimum(patella + thickness, plane.y + 42))
    side = plane.mirrored()
    ring = np.abs(np.hypot((side.x - 22) / 0.85, side.y - 8) - rng.uniform(20, 22))
    rim = np.hypot((side.x - 22) / 0.85, side.y - 8) - 11
    wedge = np.minimum(7.0 - ring, 0.28 * rim - np.abs(plane.z - 12))
    canvas.paint_inside("ligament", np.minimum(wedge, side.x - 9))


def _paint_ligaments(rng: np.random.Generator, canvas: Canvas, plane: Section) -> None:
    """Paint cruciate and collateral ligaments, tendons above and below the patella, and vessels behind the joint."""
    cords = [
        plane.tube((7, 16, -10), (-3, -8, 15), rng.uniform(2.5, 4)),
        plane.tube((-6, 4, -4), (2, 30, 20), rng.uniform(3, 4.5)),
        plane.mirrored().tube((42, 4, -24), (40, 4, 36), rng.uniform(1.2, 2.2)),
        plane.ellipsoid((0, -40, 20), (13, 2.4, 30), -9),
        plane.ellipsoid((0, -36, -68), (15, 2.8, 34), 8),
    ]
    canvas.paint_inside("ligament", union(cords))
    canvas.paint_inside("blood", plane.tube((2, 40, -160), (4, 44, 160), rng.uniform(2.5, 4)), 0.9)
    canvas.paint_inside("blood", plane.tube((8, 46, -160), (9, 50, 160), rng.uniform(2, 3)), 0.9)
    for _ in range(int(rng.integers(6, 16))):
        angle, height = rng.uniform(0, 2 * np.pi), rng.uniform(-90, 90)
        place = np.array([50 * np.cos(angle), 6 + 46 * np.sin(angle), height])
        end = place + rng.normal(0, 1, 3) * (3, 3, 14)
        tissue = str(rng.choice(["blood", "ligament"]))
        canvas.paint_inside(tissue, plane.tube(place, end, rng.uniform(0.5, 1.3)), opacity=0.8)


def knee_joint(patient: int, grid: Grid, view: str, position: float) -> dict[str, Array]:
    """Tissue fractions of one plane through a patient's knee; arguments, result and errors as in `head.head`.

    The origin is the middle of the joint; the patella is in front, at negative y.
    """
    rng = np.random.default_rng([14, patient])
    plane = through_patient(rng, grid, view, position, 0.08, (0.8, 2.0, 90.0))
    canvas, leg = Canvas(grid), _leg(plane, rng.uniform(0.92, 1.12))
    femur, tibia, patella = _femur(plane), _tibia(plane), plane.ellipsoid((0, -40, -20), (22, 10, 21))
    flat = Section.cut(grid, view, position)
    trabeculae, oedema = Waves(rng, 2.6, width=0.5).at(flat), Waves(rng, 30.0).at(flat)
    _paint_leg(rng, canvas, plane, leg)
    _paint_joint(rng, canvas, plane, (femur, tibia, patella))
    fibula = plane.tube((38, 24, 42), (36, 22, 170), 9, 6)
    for bone in (femur, tibia, patella, fibula):
        _paint_bone(rng, canvas, bone, trabeculae, oedema)
    _paint_ligaments(rng, canvas, plane)
    return {tissue: fraction * grid.inside(leg) for tissue, fraction in canvas.fractions.items()}
