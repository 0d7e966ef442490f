"""Formats of scans: fastMRI's HDF5, ISMRMRD (MRD), BART's .cfl, NumPy's .npy and Siemens twix."""

import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import torch

from mrilib.data import header
from mrilib.data.ismrmrd import Header, check_single, is_raw_group
from mrilib.data.layout import VolumeError, dataset, opened
from mrilib.data.raw_formats import read_corrected
from mrilib.data.stored import complex_values
from mrilib.data.volumes import inspect_volume
from mrilib.fourier import ifftc
from mrilib.scan.geometry import affine_of
from mrilib.scan.source import ScanFile
from mrilib.scan.twix import open_twix

FIELD = "encoding/reconSpace/fieldOfView_mm"
READ, PHASE, PARTITION, COIL, SLICE = 0, 1, 2, 3, 13  # BART's dimensions
BART_DIMENSIONS = 16


def open_scan(path: Path) -> ScanFile:
    """Open a scan by its suffix and content.

    Raises:
        VolumeError: no such file, an unknown or damaged one, or not multi-coil k-space.
    """
    path = Path(path)
    if path.suffix == ".hdr":
        path = path.with_suffix(".cfl")
    if not path.is_file():
        raise VolumeError(f"{path}: no such file; expected a scan: {', '.join(READERS)}")
    if path.suffix not in READERS:
        raise VolumeError(f"{path}: no reader for {path.suffix or 'a file without suffix'}; {', '.join(READERS)}")
    return READERS[path.suffix](path)


def _hdf5(path: Path) -> ScanFile:
    with opened(path) as file:
        raw = is_raw_group(file)
    return _mrd(path) if raw else _fastmri(path)


def _fastmri(path: Path) -> ScanFile:
    info = inspect_volume(path)

    def read(index: int) -> torch.Tensor:
        with opened(path) as file:
            return torch.from_numpy(complex_values(dataset(file, path, "kspace")[index]))

    with opened(path) as file:
        voxel = _voxel(file, path, info.recon_size)
    return ScanFile(path, "fastMRI HDF5", info.slices, read, info.recon_size, voxel, info.padding)


def _voxel(file: h5py.File, path: Path, size: tuple[int, int]) -> tuple[float, float, float] | None:
    if "ismrmrd_header" not in file:
        return None
    return _of_field(Header(header.root(dataset(file, path, "ismrmrd_header")[()], path), path), size)


def _of_field(given: Header, size: tuple[int, int], depth: int = 1) -> tuple[float, float, float] | None:
    """Voxel (z, y, x) from the field of view; the header's x is the readout, our y."""
    try:
        x, y, z = (float(given.text(f"{FIELD}/{axis}", "0")) for axis in "xyz")
    except ValueError:
        return None
    return (z / depth, x / size[0], y / size[1]) if min(x, y, z) > 0 else None


def _mrd(path: Path) -> ScanFile:
    check_single(path)
    raw = read_corrected(path)
    with opened(path) as file:
        given = Header(header.root(file["dataset"]["xml"][0], path), path)
    kspace = torch.from_numpy(raw.kspace)  # (slice, coil, kz, ky, readout)
    if kspace.shape[2] > 1:  # encoded in three dimensions: a slice for each partition
        kspace = ifftc(kspace, (2,))
    planes = kspace.transpose(1, 2).flatten(0, 1).transpose(-1, -2)
    voxel = _of_field(given, raw.recon_size, raw.kspace.shape[2])
    affine = None if voxel is None else affine_of(path, raw.recon_size, voxel, raw.kspace.shape[2])
    return ScanFile(path, "ISMRMRD", len(planes), planes.__getitem__, raw.recon_size, voxel, raw.columns, affine)


def _bart(path: Path) -> ScanFile:
    shape = _bart_shape(path.with_suffix(".hdr"))
    size = 8 * int(np.prod(shape))
    if path.stat().st_size != size:
        raise VolumeError(f"{path}: {path.stat().st_size} bytes, its header says {size}; copy or export it again")
    extra = [n for n, one in enumerate(shape) if one > 1 and n not in (READ, PHASE, PARTITION, COIL, SLICE)]
    if extra:
        raise VolumeError(f"{path}: BART dimension {extra} is above 1; choose one entry with `bart slice` first")
    data = np.memmap(path, np.complex64, "r", shape=tuple(shape), order="F")
    planes = np.moveaxis(data.reshape([shape[n] for n in (READ, PHASE, PARTITION, COIL, SLICE)], order="F"), 4, 0)

    def read(index: int) -> torch.Tensor:
        volume, partition = divmod(index, shape[PARTITION])
        one = torch.from_numpy(np.ascontiguousarray(planes[volume]))  # (readout, phase, partition, coil)
        return (ifftc(one, (2,)) if shape[PARTITION] > 1 else one)[:, :, partition].permute(2, 0, 1)

    return ScanFile(path, "BART", shape[SLICE] * shape[PARTITION], read)


def _bart_shape(path: Path) -> list[int]:
    if not path.is_file():
        raise VolumeError(f"{path}: no such file; BART writes a .hdr beside each .cfl, copy both")
    found = re.search(r"# Dimensions\s*\n([\d ]+)", path.read_text(encoding="utf-8", errors="replace"))
    shape = [int(one) for one in found[1].split()] if found else []
    if not shape or min(shape) < 1 or len(shape) > BART_DIMENSIONS:
        raise VolumeError(f"{path}: no line of dimensions below `# Dimensions`; export the scan again")
    return shape + [1] * (BART_DIMENSIONS - len(shape))


def _numpy(path: Path) -> ScanFile:
    try:
        data = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise VolumeError(f"{path}: not a NumPy array ({error}); save complex k-space with np.save") from error
    if not np.iscomplexobj(data) or data.ndim not in (3, 4) or 0 in data.shape:
        raise VolumeError(
            f"{path}: {data.dtype} of shape {data.shape}; expected complex (coil, ky, kx) or (slice, coil, ky, kx)"
        )
    planes = data[None] if data.ndim == 3 else data
    return ScanFile(path, "NumPy", len(planes), lambda index: torch.from_numpy(np.array(planes[index], np.complex64)))


READERS: dict[str, Callable[[Path], ScanFile]] = {
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".mrd": _hdf5,
    ".cfl": _bart,
    ".npy": _numpy,
    ".dat": open_twix,
}
