"""Contents of a volume's headers, checked without reading its images and with only four rows of its k-space."""

from dataclasses import dataclass
from pathlib import Path

import h5py
import torch

from mrilib.data import header
from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import check_layout, dataset
from mrilib.data.stored import VolumeError, attributes_of, complex_values, is_complex, number_in, text_in

ROWS = 4  # around the centre, in which a column that was measured is not zero


@dataclass(frozen=True)
class VolumeInfo:
    """Contents of a volume's headers, obtained without reading its k-space."""

    path: Path
    slices: int
    coils: int
    shape: tuple[int, int]  # (ky, kx)
    recon_size: tuple[int, int]  # (y, x), at most `shape`
    padding: tuple[int, int]  # first measured column, first column after the measured ones
    acquisition: str
    patient_id: str
    max: float | None  # of the RSS volume; challenge files have none
    simulated: bool
    has_target: bool
    under_sampled: bool  # it holds a `mask`, or columns are empty between measured ones
    scanner: str = ""  # model, as named in fastMRI's headers


def info_of(file: h5py.File, path: Path) -> VolumeInfo:
    """Read and check the headers of an open volume.

    Raises:
        VolumeError: no multi-coil complex k-space, targets that do not fit it, a header or an attribute that cannot be
            used; the message names it.
    """
    data = dataset(file, path, "kspace")
    check_layout(path, data.shape, is_complex(data.dtype), "found")
    slices, coils, *shape = data.shape
    size: tuple[int, int] = tuple(shape)
    has_target = "reconstruction_rss" in file
    if has_target:
        target = dataset(file, path, "reconstruction_rss")
        check_target(path, target.shape, slices, target.dtype.kind)
    text = dataset(file, path, "ismrmrd_header")[()] if "ismrmrd_header" in file else None
    recon_size, padding = header.parse(text, size, path)
    if has_target:
        recon_size = tuple(target.shape[1:])
    attributes = attributes_of(file, path)
    return VolumeInfo(
        path,
        slices,
        coils,
        size,
        (min(recon_size[0], size[0]), min(recon_size[1], size[1])),
        padding,
        text_in(attributes, "acquisition", path, "unknown"),
        text_in(attributes, "patient_id", path, ""),
        number_in(attributes, "max", path),
        text_in(attributes, "simulated", path, "False") not in ("False", "0", "0.0"),
        has_target,
        "mask" in file or _columns_missing(data),
        header.scanner(text, path),
    )


def check_target(path: Path, shape: tuple[int, ...], slices: int, kind: str) -> None:
    """Raise VolumeError unless there is one real image for each slice."""
    if len(shape) != 3 or shape[0] != slices or 0 in shape:
        raise VolumeError(f"{path}: `reconstruction_rss` is {shape}; expected ({slices}, y, x), one image per slice")
    if kind not in "biuf":
        raise VolumeError(f"{path}: `reconstruction_rss` does not hold real numbers; expected magnitudes")


def _columns_missing(data: h5py.Dataset) -> bool:
    """Whether the middle slice has empty columns between others; only rows around the centre are read."""
    first = max(data.shape[2] // 2 - ROWS // 2, 0)
    rows = torch.from_numpy(complex_values(data[data.shape[0] // 2, :, first : first + ROWS]))
    return under_sampled(measured(rows).any(-2, keepdim=True))
