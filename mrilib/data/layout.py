"""Checks of fastMRI-layout files before use: a complete HDF5 file that contains its own data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

WANTED = "expected `kspace` complex (slice, coil, ky, kx)"


class VolumeError(ValueError):
    """A file is not a usable fastMRI-layout volume; the message says what to do about it."""


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open the file for reading, turning the various HDF5 errors into one line."""
    if not path.is_file():
        raise VolumeError(f"{path}: no such file; expected a fastMRI-layout HDF5 volume")
    if path.stat().st_size == 0:
        raise VolumeError(f"{path}: the file is empty; copy or download it again")
    try:
        path.open("rb").close()  # says why the file cannot be read; is_hdf5 only returns False
        if not h5py.is_hdf5(path):
            raise VolumeError(f"{path}: not an HDF5 file; {WANTED} in HDF5; convert it or fetch it again")
        # No lock: volumes are only ever replaced atomically, and network file systems often do not support locks.
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except PermissionError:
        raise VolumeError(f"{path}: no permission to read it; change its mode or copy it") from None
    except (OSError, RuntimeError) as error:
        what = "truncated" if "truncated" in str(error) else f"damaged ({str(error).splitlines()[0]})"
        raise VolumeError(f"{path}: the file is {what}; copy or download it again") from error


def dataset(file: h5py.File, path: Path, name: str) -> h5py.Dataset:
    """A dataset stored in the file itself; external links are refused, as they could point to any file."""
    link = file.get(name, getlink=True)
    if link is None:
        raise VolumeError(f"{path}: no dataset `{name}`; {WANTED}, found {sorted(file) or 'nothing'}")
    data = None if isinstance(link, h5py.ExternalLink) else file.get(name)
    if not isinstance(data, h5py.Dataset) or not _lies_in(file, data):
        raise VolumeError(f"{path}: `{name}` is not a dataset inside this file; copy its data into the file")
    return data


def _lies_in(file: h5py.File, data: h5py.Dataset) -> bool:
    return data.file.filename == file.filename and not data.external and not data.is_virtual


def check_layout(path: Path, shape: tuple[int, ...], is_complex: bool, verb: str) -> None:
    """Check for complex (slice, coil, ky, kx) without an empty axis; `verb` is the message's "found" or "given"."""
    if len(shape) == 3:
        raise VolumeError(f"{path}: single-coil k-space {shape} {verb}; {WANTED}: use the multi-coil files")
    if len(shape) != 4:
        raise VolumeError(f"{path}: k-space of {len(shape)} axes {verb}; {WANTED}")
    if not is_complex:
        raise VolumeError(f"{path}: real-valued k-space {verb}; {WANTED}: store real and imaginary part as one")
    if 0 in shape:
        axis = ("slices", "coils", "rows", "columns")[shape.index(0)]
        raise VolumeError(f"{path}: k-space {shape} with no {axis} {verb}; {WANTED}, none of them 0")
