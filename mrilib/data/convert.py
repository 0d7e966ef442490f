"""Conversion of the real 13-coil brain of PyQMRI's tests, from any of its forms to fastMRI-layout volumes."""

import shutil
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mrilib.data.volumes import VolumeError, write_volume
from mrilib.store.sealed import seal

PLANE = (-2, -1)


@dataclass(frozen=True)
class FlipAngleSeries:
    """One slice at several flip angles, stored like the scanner's data: zero frequency at [0, 0]."""

    kspace: np.ndarray  # (flip angle, coil, ky, kx) complex64
    field_map: np.ndarray  # (y, x) float32, actual over nominal flip angle
    flip_angles: np.ndarray  # degrees
    repetition_time: float  # milliseconds

    def __post_init__(self) -> None:
        shape = self.kspace.shape
        if len(shape) != 4 or shape[2] % 2 or shape[3] % 2:
            raise VolumeError(f"kspace {shape}: expected (flip angle, coil, ky, kx) of even size")
        if self.field_map.shape != shape[2:] or self.flip_angles.shape != shape[:1]:
            raise VolumeError(f"field map or flip angles do not match kspace {shape}; use another copy")


def read_hdf5(path: Path) -> FlipAngleSeries:
    """Read the package's own file: `real_dat`, `imag_dat`, `fa_corr`, attributes `fa` (radians) and `TR` (ms)."""
    with h5py.File(path, "r", locking=False) as file:
        kspace = np.empty(file["real_dat"].shape, np.complex64)
        kspace.real, kspace.imag = file["real_dat"][()], file["imag_dat"][()]
        field_map = file["fa_corr"][0].astype(np.float32)
        angles, time = np.rad2deg(file.attrs["fa"]), float(file.attrs["TR"][0])
    return FlipAngleSeries(kspace[:, :, 0], field_map, angles, time)


def read_arrays(kspace: Path, meta: Path) -> FlipAngleSeries:
    """Read the array form: k-space as .npy, the rest as .npz; pickled objects are refused."""
    with np.load(meta, allow_pickle=False) as rest:
        found = rest["fa_corr"], rest["flip_angle_deg"], float(rest["TR_ms"][0])
    return FlipAngleSeries(np.load(kspace, allow_pickle=False), *found)


def extract_member(archive: Path, member: str, target: Path) -> None:
    """Extract one named file from a .tar.gz; all other files in the archive are ignored.

    Raises:
        VolumeError: the file is missing or is not a regular file.
    """
    with tarfile.open(archive, "r:gz") as files:
        found = next((entry for entry in files if entry.name == member), None)
        stream = files.extractfile(found) if found and found.isreg() else None
        if stream is None:
            raise VolumeError(f"{archive}: contains no plain file {member}; expected the pinned source archive")
        with stream, open(target, "wb") as copy:
            shutil.copyfileobj(stream, copy, 1 << 20)


def rotate(array: np.ndarray) -> np.ndarray:
    """Rotate by 180° about pixel [0, 0] or, equivalently, the centre n // 2 of even sizes; not a reflection.

    x[n] → x[−n mod N], and k[κ] → k[−κ mod N] is the same rotation in k-space, so it commutes with the FFT.
    """
    return np.roll(np.flip(array, PLANE), 1, PLANE)


def centre(kspace: np.ndarray) -> np.ndarray:
    """Move the zero frequency from [0, 0] to the centre, for an image that is `ifft2(kspace)` without shift.

    `ifft2c(centre(k)) = ifft2(k)` for even sizes: K[κ] = (−1)^(κ_y + κ_x) k[κ], then shifted. Values are only
    moved and negated, so the measurements are preserved bit for bit.
    """
    rows, columns = (np.arange(size) for size in kspace.shape[-2:])
    sign = np.where((rows[:, None] + columns) % 2, np.float32(-1), np.float32(1))
    return np.fft.fftshift(kspace * sign, PLANE)


def write_flip_angles(
    series: FlipAngleSeries,
    folder: Path,
    attributes: Mapping[str, Any],
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Write one single-slice volume per flip angle, with the nose up (stored: nose down).

    Left and right are as stored; the package states neither which side is which nor which axis is the readout.
    """
    extras = {"flip_angle_correction": rotate(series.field_map)[None]}
    for number, (angle, kspace) in enumerate(zip(series.flip_angles, series.kspace, strict=True), 1):
        name = f"FA{round(float(angle)):02d}"
        own = {"acquisition": f"AXGRE_{name}", "flip_angle_deg": float(round(angle, 4))}
        own |= {"repetition_time_ms": series.repetition_time, "patient_id": "pyqmri-vfa-brain"}
        path = folder / f"file_brain_vfa_{name}.h5"
        write_volume(path, centre(rotate(kspace))[None], attributes={**attributes, **own}, extras=extras)
        seal(path)
        if progress:
            progress(number, len(series.kspace))
