"""Where the voxels of a scan lie in the patient, from the directions and positions of its readouts."""

from pathlib import Path

import numpy as np

from mrilib.data.ismrmrd import heads_of
from mrilib.data.readouts import is_imaging
from mrilib.scan.source import Size

TO_RAS = np.diag([-1.0, -1.0, 1.0])  # ISMRMRD counts to the left and to the back, NIfTI to the right and to the front
CLOSE = 1e-2  # of directions that should be orthogonal unit vectors


def affine_of(path: Path, size: Size, voxel: tuple[float, float, float], partitions: int) -> np.ndarray | None:
    """Matrix from voxel indices (column, row, slice) to millimetres (right, front, up); None if the file lacks it.

    Args:
        path: an ISMRMRD file, whose rows lie along the readout.
        size: (y, x) of its images.
        voxel: (z, y, x) in mm; the distance between slices is taken from their positions.
        partitions: number of partitions of a scan encoded in three dimensions; otherwise 1.
    """
    heads = heads_of(path)
    heads = heads[is_imaging(heads)]
    _, firsts = np.unique(heads["idx"]["slice"], return_index=True)
    read, phase, through = (heads[f"{name}_dir"][firsts[0]].astype(float) for name in ("read", "phase", "slice"))
    directions = np.stack([phase, read, through])
    if np.abs(directions @ directions.T - np.eye(3)).max() > CLOSE:
        return None
    centres = heads["position"][firsts].astype(float)
    step = through * voxel[0] if len(centres) == 1 else (centres[-1] - centres[0]) / (len(centres) - 1)
    if not step.any() or np.abs(centres - centres[0] - np.arange(len(centres))[:, None] * step).max() > voxel[1]:
        return None
    column, row = phase * voxel[2], read * voxel[1]
    origin = centres[0] - (size[1] // 2) * column - (size[0] // 2) * row - (partitions // 2) * step
    affine = np.eye(4)
    affine[:3] = TO_RAS @ np.stack([column, row, step, origin], axis=1)
    return affine
