"""Procedural coronal knee slices: from a seed to tissue fractions."""

import numpy as np

from mrilib.simulate.shapes import Array, Canvas, Grid, band_field, smooth_field, union


def _femur(grid: Grid, size: float, notch: float, gap: float) -> Array:
    shaft = np.minimum(17 * size + 0.12 * np.maximum(-grid.y - 40, 0) - np.abs(grid.x), -grid.y - 26)
    left = grid.ellipse(-22 * size - gap, -20 * size, 22 * size, 19 * size, 8)
    right = grid.ellipse(-22 * size - gap, 20 * size, 22 * size, 19 * size, -8)
    bridge = np.minimum(26 * size - np.abs(grid.x), np.minimum(-grid.y - 20 * size - gap - notch, grid.y + 60))
    return union([shaft, left, right, bridge])


def _tibia(grid: Grid, size: float, gap: float) -> Array:
    taper = 40 * size - 0.42 * np.maximum(grid.y - 14, 0)
    plateau = np.minimum(np.maximum(taper, 15 * size) - np.abs(grid.x), grid.y - 3.5 - gap)
    spine = np.minimum(5 * size - np.abs(grid.x), grid.y + 2 - gap)
    dish = 2.0 * np.exp(-(((np.abs(grid.x) - 20 * size) / (12 * size)) ** 2))
    return union([plateau - dish, np.minimum(spine, plateau + 6)])


def _paint_bone(rng: np.random.Generator, canvas: Canvas, bone: Array, cortex: float, trabeculae: Array) -> None:
    canvas.paint_inside("bone", bone)
    canvas.paint_inside("marrow", bone - cortex)
    speckle = np.clip(0.12 + 0.1 * trabeculae, 0, 0.45)
    canvas.paint("bone", speckle * canvas.grid.inside(bone - cortex - 0.5))
    oedema = smooth_field(rng, canvas.grid, 25.0)
    canvas.paint(
        "fluid",
        rng.uniform(0, 0.5) * canvas.grid.inside(8 * (oedema - 1.8)) * canvas.grid.inside(bone - cortex),
    )


def _paint_soft_tissue(rng: np.random.Generator, canvas: Canvas, leg: Array) -> None:
    """Paint skin, subcutaneous fat and muscles separated by fat septa."""
    canvas.paint_inside("skin", leg)
    canvas.paint_inside("fat", leg - 1.6)
    septa = band_field(rng, canvas.grid, rng.uniform(9, 15))
    canvas.paint("ligament", 0.5 * canvas.grid.inside(2.0 * (0.12 - np.abs(septa))) * canvas.grid.inside(leg - 2.5))
    inner = leg - rng.uniform(5, 15) * np.clip(1 + 0.4 * smooth_field(rng, canvas.grid, 60.0), 0.3, 2)
    fibres = band_field(rng, canvas.grid, rng.uniform(16, 28), stretch=rng.uniform(3, 6))
    bellies = np.minimum(inner, 5.0 * (np.abs(fibres) - rng.uniform(0.08, 0.3)))
    tapered = 0.35 * (np.abs(canvas.grid.y + 4 * smooth_field(rng, canvas.grid, 30.0)) - rng.uniform(10, 22))
    canvas.paint_inside("muscle", np.minimum(bellies, tapered))


def _paint_joint(rng: np.random.Generator, canvas: Canvas, grid: Grid, femur: Array, tibia: Array, size: float) -> None:
    """Paint cartilage on both bones, menisci, cruciate and collateral ligaments, and fluid."""
    space = np.minimum(np.minimum(femur + 9, tibia + 9), 44 * size - np.abs(grid.x))
    canvas.paint_inside("fluid", space, opacity=rng.uniform(0.25, 0.9))
    thickness = rng.uniform(1.6, 3.0)
    facing = 30 - np.abs(grid.y + 2)
    canvas.paint_inside("cartilage", np.minimum(np.minimum(femur + thickness, facing), 38 * size - np.abs(grid.x)))
    canvas.paint_inside(
        "cartilage", np.minimum(np.minimum(tibia + 0.9 * thickness, facing), 36 * size - np.abs(grid.x))
    )
    for side in (-1, 1):
        wedge = np.minimum(side * grid.x - rng.uniform(20, 27) * size, 44 * size - side * grid.x)
        slope = 0.25 * (side * grid.x - 20 * size) - np.abs(grid.y - 0.5)
        canvas.paint_inside("ligament", np.minimum(wedge, slope))
        band = grid.segment((-34 * size, side * 43 * size), (30 * size, side * 40 * size), rng.uniform(1.6, 3.2))
        canvas.paint_inside("ligament", band)
    tilt = rng.uniform(-8, 8)
    canvas.paint_inside("fat", grid.ellipse(-14 * size, 0, 11 * size, 7 * size), opacity=rng.uniform(0.3, 0.9))
    canvas.paint_inside("ligament", grid.segment((-24 * size, tilt), (2, -tilt), rng.uniform(4, 8)), 0.9)


def _paint_vessels(rng: np.random.Generator, canvas: Canvas, width: float) -> None:
    for tissue in ("blood", "ligament", "fluid"):
        vessels = []
        for _ in range(int(rng.integers(2, 9))):
            cy, cx = rng.uniform(-75, 75), rng.uniform(0.55, 0.95) * width * rng.choice([-1, 1])
            end = (cy + rng.uniform(-14, 14), cx + rng.uniform(-3, 3))
            vessels.append(canvas.grid.segment((cy, cx), end, rng.uniform(0.7, 2.4)))
        canvas.paint_inside(tissue, union(vessels), opacity=0.8)


def coronal_knee(patient: int, grid: Grid, level: float, offset: float = 0.0) -> dict[str, Array]:
    """Tissue fractions of one coronal knee slice.

    Args:
        patient: seed; the same patient has the same leg at every level.
        grid: pixel centres in millimetres.
        level: −1 (front) to 1 (back).
        offset: position inside the slice thickness, −1 to 1.

    Returns:
        {tissue: (y, x) fraction}.
    """
    rng = np.random.default_rng([21, patient])
    size, width, cortex = rng.uniform(0.85, 1.12), rng.uniform(54, 68), rng.uniform(0.9, 1.8)
    gap, tilt = rng.uniform(1.0, 3.2), np.deg2rad(rng.uniform(-9, 9))
    rng = np.random.default_rng([22, patient, round(1000 * (level + 2))])
    bent = grid.warped(2.0 * smooth_field(rng, grid, 50.0), 2.0 * smooth_field(rng, grid, 50.0))
    dy, dx = rng.uniform(-8, 8), rng.uniform(-5, 5)
    y = np.cos(tilt) * bent.y - np.sin(tilt) * bent.x + dy - bent.y
    x = np.sin(tilt) * bent.y + np.cos(tilt) * bent.x + dx - bent.x
    warped = bent.warped(y, x)
    size = size * (1 - 0.12 * level**2 + 0.015 * offset)
    canvas = Canvas(warped)
    sway = 5 * np.sin(warped.y / rng.uniform(35, 60) + rng.uniform(0, 6))
    leg = width - 0.08 * np.abs(warped.y) + 0.4 * sway - np.abs(warped.x)
    _paint_soft_tissue(rng, canvas, leg)
    femur, tibia = _femur(warped, size, rng.uniform(2, 10), gap), _tibia(warped, size, gap)
    _paint_joint(rng, canvas, warped, femur, tibia, size)
    trabeculae = band_field(rng, grid, rng.uniform(2.0, 3.5), 0.5)
    for bone in (femur, tibia):
        _paint_bone(rng, canvas, bone, cortex, trabeculae)
    if rng.random() < 0.6:
        fibula = warped.ellipse(62, 44 * size * rng.choice([-1, 1]), 38, 7 * size)
        _paint_bone(rng, canvas, fibula, cortex, trabeculae)
    _paint_vessels(rng, canvas, width)
    return {tissue: fraction * grid.inside(leg) for tissue, fraction in canvas.fractions.items()}
