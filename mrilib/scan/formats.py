"""Formats of scans: fastMRI's HDF5, ISMRMRD (MRD), BART's .cfl, NumPy's .npy and Siemens twix."""

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import h5py
import numpy as np
import torch

from mrilib.data import header
from mrilib.data.checksums import verify
from mrilib.data.ismrmrd import Header, is_raw, read_raw
from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import VolumeError, dataset, opened
from mrilib.data.raw_formats import corrected_slice
from mrilib.data.readouts import Choice
from mrilib.data.stored import complex_values
from mrilib.data.truth import image_of, with_stored
from mrilib.data.volumes import inspect_volume
from mrilib.fourier import ifftc
from mrilib.scan.geometry import affine_of
from mrilib.scan.source import ScanFile
from mrilib.scan.twix import open_twix

FIELD = "encoding/reconSpace/fieldOfView_mm"
READ, PHASE, PARTITION, COIL, SLICE = 0, 1, 2, 3, 13  # BART's dimensions
BART_DIMENSIONS = 16
Reader = Callable[[Path, Choice], ScanFile]


def open_scan(path: Path, choice: Choice | None = None) -> ScanFile:
    """Open a scan by its suffix and content.

    Args:
        path: its file.
        choice: which repetition, contrast, phase or set of a raw file to take, such as {"contrast": 1}.

    Raises:
        VolumeError: the file is missing, of unknown format, damaged or without multi-coil k-space; it has several
            repetitions, contrasts, phases or sets, none of which was chosen; it does not offer the choice; or it has
            changed since its checksum was written.
    """
    path = Path(path)
    if path.suffix == ".hdr":
        path = path.with_suffix(".cfl")
    if not path.is_file():
        raise VolumeError(f"{path}: no such file; expected a scan: {', '.join(READERS)}")
    if path.suffix not in READERS:
        raise VolumeError(f"{path}: no reader for {path.suffix or 'a file without suffix'}; only {', '.join(READERS)}")
    verify(path)
    return READERS[path.suffix](path, choice or {})


def _hdf5(path: Path, choice: Choice) -> ScanFile:
    return _mrd(path, choice) if is_raw(path) else _alone(_fastmri)(path, choice)


def _alone(read: Callable[[Path], ScanFile]) -> Reader:
    """Reader of a format whose files hold a single volume, so that there is nothing to choose."""

    def checked(path: Path, choice: Choice) -> ScanFile:
        if choice:
            raise VolumeError(f"{path}: holds one volume; omit --choose {next(iter(choice))}")
        return read(path)

    return checked


def _fastmri(path: Path) -> ScanFile:
    info = inspect_volume(path)

    def read(index: int) -> torch.Tensor:
        with opened(path) as file:
            kspace = torch.from_numpy(complex_values(dataset(file, path, "kspace")[index]))
            if "mask" in file:
                _check_mask(np.asarray(dataset(file, path, "mask")[()]), (kspace != 0).any(0).numpy(), path)
            if info.has_target and not under_sampled(measured(kspace)):
                stored = np.asarray(dataset(file, path, "reconstruction_rss")[index], np.float32)
                with_stored(image_of(kspace), torch.from_numpy(stored), f"{path}: slice {index}")
        return kspace

    with opened(path) as file:
        voxel = _voxel(file, path, info.recon_size)
    return ScanFile(path, "fastMRI HDF5", info.slices, read, info.recon_size, voxel, info.padding)


def _check_mask(mask: np.ndarray, seen: np.ndarray, path: Path) -> None:
    """Raise VolumeError unless a stored mask is one of columns, or of (ky, kx), that includes all measured samples."""
    rows, columns = seen.shape
    if (
        mask.dtype.kind not in "biuf"
        or mask.shape not in ((columns,), (rows, columns))
        or not np.isin(mask, (0, 1)).all()
    ):
        raise VolumeError(f"{path}: `mask` is {mask.dtype} {mask.shape}; expected ({columns},), zeros and ones")
    if (seen & (mask == 0)).any():
        raise VolumeError(f"{path}: `mask` excludes samples that k-space holds; remove the mask, or apply it")


def _voxel(file: h5py.File, path: Path, size: tuple[int, int]) -> tuple[float, float, float] | None:
    if "ismrmrd_header" not in file:
        return None
    return _of_field(Header(header.root(dataset(file, path, "ismrmrd_header")[()], path), path), size)


def _of_field(given: Header, size: tuple[int, int], depth: int = 1) -> tuple[float, float, float] | None:
    """Voxel size (z, y, x) from the field of view; the header's x is the readout, our y."""
    try:
        x, y, z = (float(given.text(f"{FIELD}/{axis}", "0")) for axis in "xyz")
    except ValueError:
        return None
    return (z / depth, x / size[0], y / size[1]) if min(x, y, z) > 0 else None


def _mrd(path: Path, choice: Choice) -> ScanFile:
    [raw] = read_raw(path, choice, single=True)
    slices, depth = raw.shape[0], raw.shape[2]

    @lru_cache(1)  # partitions of a slab are read together
    def volume(number: int) -> torch.Tensor:
        kspace = torch.from_numpy(corrected_slice(raw, number))  # (coil, kz, ky, readout)
        return ifftc(kspace, (1,)) if depth > 1 else kspace  # a slice for each partition

    def read(index: int) -> torch.Tensor:
        number, partition = divmod(index, depth)
        return volume(number)[:, partition].swapaxes(-1, -2)

    voxel = _of_field(raw.header, raw.recon_size, depth)
    affine = None if voxel is None else affine_of(path, raw.recon_size, voxel, depth)
    return ScanFile(path, "ISMRMRD", slices * depth, read, raw.recon_size, voxel, raw.columns, affine)


def _bart(path: Path) -> ScanFile:
    shape = _bart_shape(path.with_suffix(".hdr"))
    size = 8 * int(np.prod(shape))
    if path.stat().st_size != size:
        raise VolumeError(f"{path}: {path.stat().st_size} bytes, but its header says {size}; copy or export it again")
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
        raise VolumeError(f"{path}: no such file; BART writes a .hdr beside each .cfl; copy both")
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


READERS: dict[str, Reader] = {
    ".h5": _hdf5,
    ".hdf5": _hdf5,
    ".mrd": _hdf5,
    ".cfl": _alone(_bart),
    ".npy": _alone(_numpy),
    ".dat": open_twix,
}
