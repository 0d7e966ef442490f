"""Published files that store k-space as an array: fastMRI (including prostate), M4Raw, SKM-TEA, CC-359.

Reference: Lin, Heckel, ICML 2024, App. G, and its published code for axes, scalings and offsets.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from mrilib.data import header
from mrilib.data.conversion import NATIVE, Axes, Converted, by_coils, by_slice, complete, cornered, permuted, turned
from mrilib.data.ismrmrd import Header
from mrilib.data.layout import VolumeError, dataset, opened
from mrilib.data.stored import complex_values, is_complex, native

M4RAW = (4, 256, 256)  # coils, rows, columns


def _described(path: Path) -> tuple[tuple[int, ...], str, bool, str]:
    """Shape and kind of `kspace`, whether there is a header, and the acquisition; ((), "", …) without `kspace`."""
    with opened(path) as file:
        if not isinstance(file.get("kspace"), h5py.Dataset):
            return (), "", False, ""
        data = dataset(file, path, "kspace")
        kind = "c" if is_complex(data.dtype) else data.dtype.kind
        return data.shape, kind, "ismrmrd_header" in file, str(file.attrs.get("acquisition", ""))


def is_array(path: Path, kind: str, ndim: int, has_header: bool) -> bool:
    shape, found, header_there, _ = _described(path)
    return (len(shape), found, header_there) == (ndim, kind, has_header)


def is_fastmri(path: Path) -> bool:
    return is_array(path, "c", 4, True) and not _is_low_field(path)


def is_m4raw(path: Path, gre: bool) -> bool:
    """Distinguish M4Raw from fastMRI by matrix size and coils, and GRE by the acquisition or the file name."""
    *_, acquisition = _described(path)
    return _is_low_field(path) and ("GRE" in f"{acquisition} {path.name}".upper()) == gre


def _is_low_field(path: Path) -> bool:
    return is_array(path, "c", 4, True) and _described(path)[0][1:] == M4RAW


@dataclass(frozen=True)
class _Stored:
    """Metadata of a file: shape of k-space, header, mask, size of the images, and attributes to keep."""

    path: Path
    shape: tuple[int, ...]
    text: bytes | None
    mask: np.ndarray | None
    image_size: tuple[int, int] | None
    attributes: dict[str, Any]

    def kspace(self, *place: Any) -> Tensor:
        """Part of k-space, complex64."""
        return torch.from_numpy(complex_values(self.values("kspace", *place)))

    def values(self, name: str, *place: Any) -> np.ndarray:
        """Part of a dataset."""
        with opened(self.path) as file:
            return native(np.asarray(dataset(file, self.path, name)[place]))

    def image(self, index: int) -> np.ndarray:
        """The file's own image of a slice."""
        return self.values("reconstruction_rss", index)


def _read(path: Path) -> _Stored:
    with opened(path) as file:
        shape = dataset(file, path, "kspace").shape
        text = dataset(file, path, "ismrmrd_header")[()] if "ismrmrd_header" in file else None
        mask = np.asarray(dataset(file, path, "mask")[()]) if "mask" in file else None
        images = dataset(file, path, "reconstruction_rss").shape if "reconstruction_rss" in file else None
        kept = {name: file.attrs[name] for name in ("acquisition", "patient_id") if name in file.attrs}
    if images is not None and (len(images) != 3 or 0 in images):
        raise VolumeError(f"{path}: `reconstruction_rss` is {images}; expected (slice, y, x)")
    return _Stored(path, shape, text, mask, images and (images[1], images[2]), kept)


def _as_stored(stored: _Stored, change: Callable[[Tensor], Tensor] = lambda kspace: kspace) -> Converted:
    """Slices (coil, ky, kx), one by one, each converted by `change`, which keeps the shape."""
    slices, coils, rows, columns = stored.shape
    size, padding = header.parse(stored.text, (rows, columns), stored.path)
    read = by_slice(slices, lambda index: change(stored.kspace(index)))
    shape = slices, coils, rows, columns
    return Converted(shape, read, stored.image_size or size, padding, stored.attributes, mask=stored.mask)


def fastmri(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume unchanged."""
    stored = _read(path)
    return [replace(_as_stored(stored), target=stored.image if stored.image_size else None)]


def m4raw(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume and flip it vertically."""
    return [replace(_as_stored(_read(path), turned), padding=None)]


GRE_OFFSET = 45  # columns between the zero frequency and the centre


def m4raw_gre(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume, centre its k-space, swap rows and columns, and mirror the images."""
    stored = _read(path)
    one = _as_stored(stored, lambda kspace: turned(kspace.roll(-GRE_OFFSET, -1).swapaxes(-1, -2), -1))
    size = stored.image_size
    return [replace(one, recon_size=size[::-1] if size else None, padding=None)]


def prostate(path: Path, axes: Axes) -> list[Converted]:
    """Merge three averages and zero-pad: even columns are from the second, odd ones the mean of the first and third.

    Raises:
        VolumeError: there are not three averages, or the header contradicts the number of columns.
    """
    stored = _read(path)
    averages, slices, coils, height, width = stored.shape
    if averages != 3:
        raise VolumeError(f"{path}: {averages} averages; expected the 3 of fastMRI's prostate T2 files")
    given = Header(header.root(stored.text, path), path)
    rows, columns, _ = given.matrix("encodedSpace")
    _, (first, after) = header.parse(stored.text, (height, width), path)
    if (height, width) != (rows, after - first) or first < 0 or after > columns:
        raise VolumeError(
            f"{path}: k-space has {(height, width)} rows and columns, but its header says {(rows, after - first)} of "
            f"{(rows, columns)}; fetch the file again"
        )

    def merged(index: int) -> Tensor:
        one, two, three = (stored.kspace(average, index) for average in range(3))
        padded = torch.zeros(coils, rows, columns, dtype=torch.complex64)
        padded[..., first:after] = torch.where(torch.arange(width) % 2 == 1, (one + three) / 2, two)
        return padded

    size = (min(320, rows), min(320, columns))
    read = by_slice(slices, merged)
    return [Converted((slices, coils, rows, columns), read, size, (first, after), stored.attributes, mask=stored.mask)]


SKM_TEA_SCALE, CC_359_SCALE = 1e-11, 1e-10
SKM_TEA_MEASURED = (48, 464)  # columns out of 512


def skm_tea(path: Path, axes: Axes) -> list[Converted]:
    """Convert (x, ky, kz, echo, coil) with x already transformed to a sagittal volume for each of the two echoes."""
    stored = _read(path)
    columns, rows, slices, echoes, coils = stored.shape
    shape = slices, coils, rows, columns
    padding = SKM_TEA_MEASURED if columns == 512 else None

    def read(echo: int, group: slice) -> Tensor:
        volume = stored.kspace(..., echo, group).permute(0, 3, 1, 2) * SKM_TEA_SCALE  # (x, coil, ky, kz)
        return turned(permuted(complete(volume, path), (3, 1, 2, 0)))

    def blocks(echo: int) -> Converted:
        return Converted(shape, by_coils(shape, lambda group: read(echo, group)), None, padding, {}, f"E{echo + 1}_")

    return [blocks(echo) for echo in range(echoes)]


def cc_359(path: Path, axes: Axes) -> list[Converted]:
    """Convert (slice, ky, kx, coil) with interleaved real and imaginary parts and images centred at [0, 0]."""
    stored = _read(path)
    slices, rows, columns, parts = stored.shape
    shape = slices, parts // 2, rows, columns

    def read(*place: Any) -> Tensor:
        values = torch.from_numpy(stored.values("kspace", *place).astype(np.float32, copy=False))
        volume = torch.view_as_complex(values.unflatten(-1, (-1, 2))).mul_(CC_359_SCALE)
        return cornered(volume.movedim(-1, -3))

    if axes == NATIVE:
        return [Converted(shape, by_slice(slices, lambda index: turned(read(index))))]

    def group_of(group: slice) -> Tensor:
        return turned(permuted(complete(read(..., slice(2 * group.start, 2 * group.stop)), path), axes))

    view = tuple(shape[axis] for axis in axes)
    assert len(view) == 4
    return [Converted(view, by_coils(view, group_of))]
