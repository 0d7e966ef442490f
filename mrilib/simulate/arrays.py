"""Receive coil arrays: complex sensitivities from the Biot-Savart law, and their noise covariance."""

import numpy as np
import torch
from numpy.typing import NDArray

from mrilib.simulate.section import lattice
from mrilib.simulate.shapes import Grid

Complex = NDArray[np.complex128]


def loop_field(centre: NDArray, normal: NDArray, radius: float, points: NDArray, segments: int = 24) -> Complex:
    """Transverse receive field B_x − iB_y of a circular wire loop, by summing dl × r / |r|³ over its segments.

    Args:
        centre, normal: (3,) position in millimetres and unit normal of the loop, order (x, y, z).
        radius: loop radius in millimetres.
        points: (n, 3) positions at which to evaluate the field.
    """
    helper = np.array([0.0, 0.0, 1.0]) if abs(normal[2]) < 0.9 else np.array([1.0, 0.0, 0.0])
    u = np.cross(normal, helper)
    u /= np.linalg.norm(u)
    v = np.cross(normal, u)
    angle = np.linspace(0, 2 * np.pi, segments, endpoint=False)[:, None]
    wire = centre + radius * (np.cos(angle) * u + np.sin(angle) * v)
    step = radius * (2 * np.pi / segments) * (-np.sin(angle) * u + np.cos(angle) * v)
    r = points[None] - wire[:, None]
    field = (np.cross(step[:, None], r) / np.linalg.norm(r, axis=-1, keepdims=True) ** 3).sum(0)
    return field[:, 0] - 1j * field[:, 1]


def _upsample(coarse: Complex, shape: tuple[int, int]) -> Complex:
    parts = torch.from_numpy(np.stack([coarse.real, coarse.imag], 1))
    fine = torch.nn.functional.interpolate(parts, shape, mode="bicubic", align_corners=True).numpy()
    return fine[:, 0] + 1j * fine[:, 1]


def ring_array(
    rng: np.random.Generator, coils: int, radius: float, grid: Grid, view: str = "axial", position: float = 0.0
) -> Complex:
    """Sensitivities of `coils` loops on a cylinder around the body, with random phases due to cables and tuning.

    Args:
        radius: radius of the cylinder in millimetres; its axis is z.
        grid, view, position: the plane; see `section.VIEWS`.

    Returns:
        (coil, y, x), scaled so that the root of the sum of squares is 1 on average in the central half.
    """
    nodes = 28
    points = lattice(grid, view, position, nodes)
    rows = 2 if coils >= 12 else 1
    maps = []
    for coil in range(coils):
        ring, place = coil % rows, coil // rows
        angle = 2 * np.pi * (place + 0.5 * ring) / np.ceil(coils / rows) + rng.normal(0, 0.08)
        outwards = np.array([np.cos(angle), np.sin(angle), 0.0])
        height = (ring - (rows - 1) / 2) * rng.uniform(60, 85) + rng.normal(0, 6)
        centre = outwards * radius * rng.uniform(1.12, 1.3) + np.array([0, 0, height])
        size = rng.uniform(0.36, 0.5) * radius
        maps.append(loop_field(centre, outwards, size, points) * np.exp(2j * np.pi * rng.random()))
    fine = _upsample(np.stack(maps).reshape(coils, nodes, nodes), grid.shape)
    rows_, columns = grid.shape
    middle = fine[:, rows_ // 4 : -rows_ // 4, columns // 4 : -columns // 4]
    return fine / np.sqrt((np.abs(middle) ** 2).sum(0)).mean()


def noise_covariance(sens_maps: Complex, coupling: float) -> Complex:
    """Noise covariance (1 − ρ)·I + ρ·overlap: body noise is shared by coils that see the same tissue.

    The overlap is the normalised inner product of the sensitivities (Roemer et al., MRM 16:192, 1990).

    Args:
        sens_maps: (coil, y, x).
        coupling: ρ in [0, 1).

    Returns:
        (coil, coil) Hermitian, unit diagonal.
    """
    flat = sens_maps.reshape(len(sens_maps), -1)
    overlap = flat @ flat.conj().T
    scale = np.sqrt(np.diag(overlap).real)
    return (1 - coupling) * np.eye(len(flat)) + coupling * overlap / np.outer(scale, scale)
