"""Procedural axial brain slices: from a seed to tissue fractions."""

import numpy as np

from mrilib.simulate.shapes import Array, Canvas, Grid, band_field, smooth_field, union


def _warp(rng: np.random.Generator, grid: Grid, millimetres: float) -> Grid:
    return grid.warped(millimetres * smooth_field(rng, grid, 60.0), millimetres * smooth_field(rng, grid, 60.0))


def _paint_head(rng: np.random.Generator, canvas: Canvas, head: Array) -> Array:
    """Paint skin, fat, skull with marrow and cerebrospinal fluid; returns the signed distance to the brain."""
    fat, skull = rng.uniform(1.2, 4.0), rng.uniform(4.5, 7.5)
    thickness = 1 + 0.25 * smooth_field(rng, canvas.grid, 45.0)
    canvas.paint_inside("skin", head)
    canvas.paint_inside("fat", head - 1.8)
    inner = head - 1.8 - fat * np.clip(thickness, 0.4, 1.8)
    canvas.paint_inside("muscle", np.minimum(inner + 1.5, -inner + 0.2), opacity=rng.uniform(0.2, 0.8))
    canvas.paint_inside("bone", inner)
    marrow = np.minimum(inner - 0.3 * skull, 0.7 * skull - inner)
    canvas.paint_inside("marrow", marrow, opacity=rng.uniform(0.4, 0.9))
    inner = inner - skull
    canvas.paint_inside("csf", inner)
    return inner - rng.uniform(0.8, 3.0) * np.clip(thickness, 0.3, 2.0)


def _paint_cortex(rng: np.random.Generator, canvas: Canvas, brain: Array, folds: Array, wavelength: float) -> None:
    """Paint the grey-matter ribbon along the surface and the sulci, which are the zero lines of a random field."""
    canvas.paint_inside("grey_matter", brain)
    ribbon, reach = rng.uniform(2.2, 3.2), rng.uniform(9.0, 16.0)
    sulcus = np.abs(folds) * wavelength / 5 + 0.8 * np.maximum(brain - reach, 0)
    canvas.paint_inside("white_matter", np.minimum(brain - ribbon, sulcus - ribbon))
    opening = rng.uniform(0.3, 1.1) * (1 + 0.5 * smooth_field(rng, canvas.grid, 30.0))
    canvas.paint_inside("csf", np.minimum(opening - sulcus, brain + 1.0))


def _paint_midline(rng: np.random.Generator, canvas: Canvas, grid: Grid, brain: Array, level: float) -> None:
    """Paint the fissure between the hemispheres, with the falx in it."""
    width = rng.uniform(1.0, 2.6)
    gap = rng.uniform(22.0, 36.0) * (1 - 0.5 * max(level, 0.0))
    fissure = np.minimum(width / 2 - np.abs(grid.x), np.abs(grid.y - 4.0) - gap)
    fissure = np.minimum(fissure, brain + 1.0)
    canvas.paint_inside("csf", fissure)
    canvas.paint_inside("ligament", np.minimum(0.5 - np.abs(grid.x), fissure), opacity=0.8)


def _paint_deep(rng: np.random.Generator, canvas: Canvas, grid: Grid, level: float) -> None:
    """Paint deep grey matter and ventricles, largest at the middle level."""
    size = rng.uniform(0.7, 1.35) * (1 - 0.45 * abs(level))
    tilt = rng.uniform(8, 20)
    for side in (-1, 1):
        if abs(level) < 0.6:
            canvas.paint_inside("grey_matter", grid.ellipse(8, side * 11, 11 * size, 7.5 * size, side * 20), 0.85)
            canvas.paint_inside("grey_matter", grid.ellipse(-6, side * 25, 15 * size, 5.5 * size, -side * 12), 0.9)
            canvas.paint_inside("grey_matter", grid.ellipse(-18, side * 12, 9 * size, 4.5 * size, side * 15), 0.9)
        canvas.paint_inside("csf", grid.ellipse(-17, side * 7.0, 14 * size, 3.8 * size, -side * tilt))
        canvas.paint_inside("csf", grid.ellipse(27, side * 15.0, 14 * size, 4.2 * size, -side * (tilt + 15)))
        canvas.paint_inside("blood", grid.ellipse(30, side * 16.0, 4.5 * size, 2.0 * size), opacity=0.6)
    if abs(level) < 0.5:
        canvas.paint_inside("csf", grid.ellipse(8, 0, 11 * size, rng.uniform(1.2, 3.0)))
    canvas.paint_inside("csf", grid.ellipse(36, 0, rng.uniform(2, 6), rng.uniform(4, 9)), opacity=0.8)


def _paint_vessels(rng: np.random.Generator, canvas: Canvas, ry: float, rx: float) -> None:
    vessels = []
    for _ in range(int(rng.integers(15, 45))):
        angle, radius = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0.02, 0.95))
        cy, cx = 0.85 * ry * radius * np.sin(angle), 0.85 * rx * radius * np.cos(angle)
        length, turn = rng.uniform(0.5, 7.0), rng.uniform(0, np.pi)
        end = (cy + length * np.sin(turn), cx + length * np.cos(turn))
        vessels.append(canvas.grid.segment((cy, cx), end, rng.uniform(0.6, 1.8)))
    canvas.paint_inside("blood", union(vessels), opacity=0.8)


def axial_brain(patient: int, grid: Grid, level: float, offset: float = 0.0) -> dict[str, Array]:
    """Tissue fractions of one axial brain slice.

    Args:
        patient: seed; the same patient has the same head at every level.
        grid: pixel centres in millimetres.
        level: −1 (base of the ventricles) to 1 (vertex).
        offset: position inside the slice thickness, −1 to 1; folds and outline shift with it.

    Returns:
        {tissue: (y, x) fraction}.
    """
    rng = np.random.default_rng([11, patient])
    ry, rx = rng.uniform(84, 98), rng.uniform(66, 78)
    bumps = [(rng.uniform(0, 0.012), rng.uniform(0, 2 * np.pi)) for _ in range(4)]
    rng = np.random.default_rng([12, patient, round(1000 * (level + 2))])
    warped = _warp(rng, grid, 1.6).warped(rng.uniform(-6, 6), rng.uniform(-6, 6))
    scale = 1 - 0.14 * abs(level) ** 2 + 0.01 * offset
    canvas = Canvas(warped)
    brain = _paint_head(rng, canvas, warped.outline(scale * ry, scale * rx, bumps))
    wavelength = rng.uniform(22, 34)
    near, far = band_field(rng, grid, wavelength), band_field(rng, grid, wavelength)
    drift = 0.35 * offset
    _paint_cortex(rng, canvas, brain, np.cos(drift) * near + np.sin(drift) * far, wavelength)
    _paint_midline(rng, canvas, warped, brain, level)
    _paint_deep(rng, canvas, warped, level + 0.1 * offset)
    _paint_vessels(rng, canvas, scale * ry, scale * rx)
    return canvas.fractions
