"""Checks of fastMRI-layout files before use: a complete HDF5 file that contains its own data."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from mrilib.data.heaps import check_heaps
from mrilib.data.stored import VolumeError, check_stored

WANTED = "expected `kspace` complex (slice, coil, ky, kx)"
# No lock: volumes are only ever replaced atomically, and network file systems often do not support locks. A file that
# this process has open elsewhere must be opened with the same lock as there: h5py's default, or always.
LOCKS = (False, None, True)
OTHER_LOCK = "flag values don't match"


@contextmanager
def opened(path: Path) -> Iterator[h5py.File]:
    """Open the file for reading, turning the various HDF5 errors into one line."""
    try:
        _check_kind(path)
        with _open(path) as file:
            check_heaps(file, path)
            yield file
    except PermissionError:
        raise VolumeError(f"{path}: no permission to read it; change its mode or copy it") from None
    except (OSError, RuntimeError) as error:
        raise VolumeError(f"{path}: the file is {_fault(path, error)}") from error


def _check_kind(path: Path) -> None:
    if not path.exists():
        raise VolumeError(f"{path}: no such file; expected a fastMRI-layout HDF5 volume")
    if not path.is_file():
        raise VolumeError(f"{path}: not a regular file; expected a fastMRI-layout HDF5 volume")
    if path.stat().st_size == 0:
        raise VolumeError(f"{path}: the file is empty; copy or download it again")
    path.open("rb").close()  # says why the file cannot be read; is_hdf5 only returns False
    if not h5py.is_hdf5(path):
        raise VolumeError(f"{path}: not an HDF5 file; {WANTED} in HDF5; convert it or fetch it again")


def _open(path: Path) -> h5py.File:
    for lock in LOCKS:
        try:
            return h5py.File(path, "r", locking=lock)
        except OSError as error:
            if OTHER_LOCK not in str(error) or lock is LOCKS[-1]:
                raise
    raise AssertionError("unreachable")


def _fault(path: Path, error: Exception) -> str:
    """What is wrong with the file and what to do about it, according to an error of HDF5."""
    said = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "already open for write" in said:
        return f"open in a program that writes it; close it there, or, if that crashed, run `h5clear -s {path.name}`"
    if "truncated" in said:
        return "truncated; copy or download it again"
    return f"damaged ({said}); copy or download it again"


def dataset(file: h5py.File, path: Path, name: str) -> h5py.Dataset:
    """A dataset stored in the file itself; external links are refused because they could point to any file.

    Raises:
        VolumeError: there is none, or its values cannot be in the file; see `stored.check_stored`.
    """
    link = file.get(name, getlink=True)
    if link is None:
        raise VolumeError(f"{path}: no dataset `{name}`; {WANTED}, found {sorted(map(str, file)) or 'nothing'}")
    data = None if isinstance(link, h5py.ExternalLink) else file.get(name)
    if not isinstance(data, h5py.Dataset) or not _lies_in(file, data):
        raise VolumeError(f"{path}: `{name}` is not a dataset inside this file; copy its data into the file")
    try:
        check_stored(data, f"{path}: `{name}`")
    except VolumeError:
        raise
    except (TypeError, ValueError, OverflowError) as error:  # from h5py, of a damaged type or size
        raise VolumeError(f"{path}: `{name}` is damaged ({error}); copy or download the file again") from error
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
        raise VolumeError(f"{path}: real-valued k-space {verb}; {WANTED}: store the complex values")
    if 0 in shape:
        axis = ("slices", "coils", "rows", "columns")[shape.index(0)]
        raise VolumeError(f"{path}: k-space {shape} with no {axis} {verb}; {WANTED}, none of them 0")
