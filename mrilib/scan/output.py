"""Output of a reconstruction: an HDF5 file with provenance, a NIfTI image, and a contact sheet."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np

from mrilib.data.created import new_file
from mrilib.figures.layout import Tile, compose
from mrilib.scan.reconstruction import Reconstructed
from mrilib.scan.source import ScanFile
from mrilib.store.paths import atomic_write

AXIAL = "LPS"  # columns to the left, rows to the back, slices upwards
AXES = ("LR", "PA", "IS")  # of the patient; NIfTI counts to the second of each
SHOWN = 4  # slices of the contact sheet
BRIGHTER = 5  # scale factor of the difference map
TITLES = {
    "zero_filled": "zero-filled",
    "cg_sense": "CG-SENSE",
    "network": "network",
    "network_ttt": "network + TTT",
}


def write_hdf5(path: Path, slices: Sequence[Reconstructed], provenance: Mapping[str, Any]) -> None:
    """Write each method's images as a dataset (slice, y, x) float32, and `reconstruction`, a link to the last one.

    `slices` holds scores and results of TTT as a JSON list, one entry per slice; attributes hold the provenance.
    """
    methods = list(slices[0].images)
    told = [
        {"scores": one.scores, "iterations": one.iterations, "reason": one.reason, "self_validation": one.errors}
        for one in slices
    ]
    with atomic_write(path) as temporary, new_file(temporary) as file:
        for name in methods:
            file[name] = np.stack([one.images[name].numpy() for one in slices]).astype(np.float32)
        file["reconstruction"] = h5py.SoftLink(f"/{methods[-1]}")
        file["slices"] = json.dumps(told)
        for name, value in provenance.items():
            file.attrs[name] = value if isinstance(value, str) else json.dumps(value)


def write_nifti(
    path: Path, slices: Sequence[Reconstructed], numbers: Sequence[int], scan: ScanFile, orientation: str = AXIAL
) -> None:
    """Write the last method's images as NIfTI (x, y, z), float32, in the scan's geometry.

    If the scan does not state the positions of its slices, or if slices in between are left out, column, row and slice
    numbers increase in the directions of `orientation`. The file then states that these are not scanner coordinates. If
    the voxel size is unknown, 1 mm is written.

    Raises:
        ValueError: as in `directions`.
    """
    method = list(slices[0].images)[-1]
    volume = np.stack([one.images[method].numpy() for one in slices]).transpose(2, 1, 0).astype(np.float32)
    z, y, x = scan.voxel or (1.0, 1.0, 1.0)
    known = scan.affine is not None and list(numbers) == list(range(numbers[0], numbers[-1] + 1))
    told = directions(orientation) @ np.diag([x, y, z, 1.0])
    affine = scan.affine.copy() if scan.affine is not None and known else told
    affine[:3, 3] += affine[:3, 2] * numbers[0]
    image = nibabel.Nifti1Image(volume, affine)
    image.set_sform(affine, "scanner" if known else "aligned")
    image.set_qform(affine, "scanner" if known else "unknown")
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = method.encode()
    with atomic_write(path) as temporary:
        temporary.write_bytes(image.to_bytes())


def directions(orientation: str) -> np.ndarray:
    """Matrix (4, 4) that converts column, row and slice to the patient's right, front and up.

    Args:
        orientation: one letter each for the directions of columns, rows and slices: Left or Right, Anterior or
            Posterior, Superior or Inferior.

    Raises:
        ValueError: other letters, or two along the same axis of the body.
    """
    places = [next((row for row, pair in enumerate(AXES) if name in pair), -1) for name in orientation]
    if len(orientation) != len(AXES) or set(places) != {0, 1, 2}:
        raise ValueError(
            f"orientation {orientation}: expected the directions of columns, rows and slices, one letter from each of "
            f"{', '.join('/'.join(pair) for pair in AXES)}, such as {AXIAL} (axial) or PIL (sagittal)"
        )
    matrix = np.eye(4)
    matrix[:3, :3] = 0
    for column, (name, row) in enumerate(zip(orientation, places, strict=True)):
        matrix[row, column] = 1 if name == AXES[row][1] else -1
    return matrix


def write_sheet(path: Path, slices: Sequence[Reconstructed], numbers: Sequence[int]) -> None:
    """Draw up to four slices, with all methods side by side; each row has the window of its last image."""
    chosen = sorted({round(n) for n in np.linspace(0, len(slices) - 1, min(SHOWN, len(slices)))})
    grid = [_row(slices[n]) for n in chosen]
    rows = [f"slice {numbers[n]}" for n in chosen]
    picture = compose(grid, f"Reconstructions of {', '.join(rows)} by {', '.join(slices[0].images)}", rows)
    with atomic_write(path) as temporary:
        temporary.write_bytes(picture.png)


def _row(one: Reconstructed) -> list[Tile]:
    planes = {name: image.numpy() for name, image in one.images.items()}
    last = list(planes)[-1]
    white = float(np.quantile(planes[last], 0.995)) or 1.0
    tiles = [Tile(_grey(plane, white), TITLES[name], _score(one, name)) for name, plane in planes.items()]
    if last == "network_ttt":
        difference = np.abs(planes[last] - planes["network"])
        tiles.append(
            Tile(_grey(BRIGHTER * difference, white), f"|difference| ×{BRIGHTER}", "of the last two", colors="heat")
        )
    return tiles


def _score(one: Reconstructed, name: str) -> str:
    return f"SSIM {one.scores[name]:.3f}" if one.scores else ""


def _grey(plane: np.ndarray, white: float) -> np.ndarray:
    return np.round(255 * np.clip(plane / white, 0, 1)).astype(np.uint8)
