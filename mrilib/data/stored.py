"""Values in HDF5 files: checked against the bytes actually stored, and read in any numeric layout that NumPy knows."""

import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np

LARGE = 2**26  # bytes; smaller datasets are not judged by their compression
COMPRESSION = 100  # k-space holds noise, which halves at best; zeros between its lines add the acceleration
LARGEST_ATTRIBUTE = 2**20  # bytes
PARTS = (("r", "i"), ("re", "im"), ("real", "imag"))  # names of real and imaginary part in compound types
SHOWN = 40  # characters of an odd value


class VolumeError(ValueError):
    """A file is not a usable fastMRI-layout volume; the message says what to do about it."""


def check_stored(data: h5py.Dataset, name: str) -> None:
    """Check, before anything is allocated, that the values a dataset declares can be in the file.

    Raises:
        VolumeError: the dataset is compressed by a filter that is not installed, is incomplete, or declares more than
            `COMPRESSION` times the bytes that are stored.
    """
    if data.shape is None:
        raise VolumeError(f"{name} holds nothing; copy or download the file again")
    if data.size == 0:
        return
    properties = data.id.get_create_plist()
    filters = [properties.get_filter(number) for number in range(properties.get_nfilters())]
    for code, _, _, called in filters:
        if not h5py.h5z.filter_avail(code):
            known = called.decode("ascii", "replace") or "one of the HDF Group's registered filters"
            raise VolumeError(
                f"{name} is compressed with filter {code} ({known}), which is not installed here; "
                "write the file again with h5repack -f GZIP=1"
            )
    stored, declared = data.id.get_storage_size(), data.nbytes
    if stored < declared if not filters else data.id.get_num_chunks() < _chunks(data):
        raise VolumeError(
            f"{name} declares {in_bytes(declared)} but only {in_bytes(stored)} are in the file: it was not completely "
            "written; copy or download it again"
        )
    largest = max(declared, math.prod(data.chunks or ()) * data.dtype.itemsize)
    if largest > max(LARGE, COMPRESSION * stored):
        raise VolumeError(
            f"{name} declares {in_bytes(largest)} but only {in_bytes(stored)} are in the file; measured data do not "
            "compress that well: download it again"
        )


def _chunks(data: h5py.Dataset) -> int:
    return math.prod(-(-size // part) for size, part in zip(data.shape, data.chunks, strict=True))


def in_bytes(count: float) -> str:
    """A number of bytes as text, with a decimal prefix."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.0f} bytes" if unit == "bytes" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} PB"


def is_complex(dtype: np.dtype) -> bool:
    """Whether values of this type are complex numbers: NumPy's own, or pairs named as real and imaginary parts."""
    return dtype.kind == "c" or _parts(dtype) is not None


def _parts(dtype: np.dtype) -> tuple[str, str] | None:
    names = dtype.names or ()
    if tuple(name.lower() for name in names) not in PARTS or any(dtype[name].kind not in "iuf" for name in names):
        return None
    return names[0], names[1]


def complex_values(values: np.ndarray) -> np.ndarray:
    """Complex numbers of any layout as complex64; values beyond single precision become infinite."""
    with np.errstate(over="ignore"):
        parts = _parts(values.dtype)
        if parts is None:
            return values.astype(np.complex64)
        joined = np.empty(values.shape, np.complex64)
        joined.real, joined.imag = values[parts[0]], values[parts[1]]
        return joined


def native(values: np.ndarray) -> np.ndarray:
    """The same values in this machine's byte order, which PyTorch requires."""
    return values.astype(values.dtype.newbyteorder("="), copy=False)


def attributes_of(file: h5py.File, path: Path) -> dict[str, Any]:
    """Attributes as plain Python values or arrays.

    Raises:
        VolumeError: one cannot be read, or declares more than `LARGEST_ATTRIBUTE`; the message names it.
    """
    return {name: _attribute(file, path, name) for name in file.attrs}


def _attribute(file: h5py.File, path: Path, name: str) -> Any:
    try:
        found = file.attrs.get_id(name)
        size = math.prod(found.shape or ()) * found.dtype.itemsize
        if size > LARGEST_ATTRIBUTE:
            raise VolumeError(f"{path}: attribute `{name}` declares {in_bytes(size)}; remove it")
        value = file.attrs[name]
    except (OSError, RuntimeError, TypeError, KeyError, UnicodeError) as error:
        raise VolumeError(f"{path}: attribute `{name}` cannot be read ({error}); remove it") from error
    if isinstance(value, np.ndarray) and value.size == 1:
        value = value.flatten()[0]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value


def number_in(attributes: dict[str, Any], name: str, path: Path) -> float | None:
    """Positive number from the attributes, or None if it is missing; raises VolumeError if it is something else."""
    value = attributes.get(name)
    if value is None:
        return None
    if isinstance(value, (bool, int, float)) and 0 < value < math.inf:
        return float(value)
    raise VolumeError(
        f"{path}: attribute `{name}` is {_shown(value)}; expected one positive number: correct or remove it"
    )


def text_in(attributes: dict[str, Any], name: str, path: Path, default: str) -> str:
    """Text from the attributes; raises VolumeError if it is something else."""
    value = attributes.get(name, default)
    if isinstance(value, (str, bool, int, float)):
        return str(value)
    raise VolumeError(f"{path}: attribute `{name}` is {_shown(value)}; expected one text: correct or remove it")


def _shown(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
