"""Published files that store k-space as an array: fastMRI (including prostate), M4Raw, SKM-TEA, CC-359.

Reference: Lin, Heckel, ICML 2024, App. G, and its published code for axes, scalings and offsets.
"""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from mrilib.data import header
from mrilib.data.conversion import Axes, Converted, images_of, kspace_of, upside_down
from mrilib.data.ismrmrd import Header
from mrilib.data.layout import VolumeError, dataset, opened

M4RAW = (4, 256, 256)  # coils, rows, columns


def _described(path: Path) -> tuple[tuple[int, ...], str, bool, str]:
    """Shape and kind of `kspace`, whether there is a header, and the acquisition; ((), "", …) without `kspace`."""
    with opened(path) as file:
        if not isinstance(file.get("kspace"), h5py.Dataset):
            return (), "", False, ""
        data = dataset(file, path, "kspace")
        acquisition = file.attrs.get("acquisition", "")
        return data.shape, data.dtype.kind, "ismrmrd_header" in file, str(acquisition)


def is_array(path: Path, kind: str, ndim: int, has_header: bool) -> bool:
    shape, found, header_there, _ = _described(path)
    return (len(shape), found, header_there) == (ndim, kind, has_header)


def is_fastmri(path: Path) -> bool:
    return is_array(path, "c", 4, True) and not _is_low_field(path)


def is_m4raw(path: Path, gre: bool) -> bool:
    """Distinguish M4Raw from fastMRI by its matrix and coils, and GRE by the acquisition or the file's name."""
    *_, acquisition = _described(path)
    return _is_low_field(path) and ("GRE" in f"{acquisition} {path.name}".upper()) == gre


def _is_low_field(path: Path) -> bool:
    return is_array(path, "c", 4, True) and _described(path)[0][1:] == M4RAW


def _read(path: Path) -> tuple[np.ndarray, bytes | None, tuple[int, int] | None, dict[str, Any]]:
    with opened(path) as file:
        kspace = dataset(file, path, "kspace")[()]
        text = dataset(file, path, "ismrmrd_header")[()] if "ismrmrd_header" in file else None
        rss = dataset(file, path, "reconstruction_rss").shape[1:] if "reconstruction_rss" in file else None
        kept = {name: file.attrs[name] for name in ("acquisition", "patient_id") if name in file.attrs}
    return kspace, text, rss, kept


def fastmri(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume unchanged."""
    kspace, text, size, attributes = _read(path)
    recon, padding = header.parse(text, kspace.shape[-2:], path)
    return [Converted(kspace, size or recon, padding, attributes)]


def m4raw(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume and flip it vertically."""
    kspace, text, size, attributes = _read(path)
    recon, _ = header.parse(text, kspace.shape[-2:], path)
    return [Converted(kspace_of(upside_down(images_of(kspace))), size or recon, None, attributes)]


GRE_OFFSET = 45  # columns between the zero frequency and the centre


def m4raw_gre(path: Path, axes: Axes) -> list[Converted]:
    """Read a volume, centre its k-space, swap rows and columns, and mirror the images."""
    kspace, _, size, attributes = _read(path)
    images = images_of(np.roll(kspace, -GRE_OFFSET, -1).swapaxes(-1, -2)).flip(-1)
    return [Converted(kspace_of(images), size[::-1] if size else None, None, attributes)]


def prostate(path: Path, axes: Axes) -> list[Converted]:
    """Merge three averages: even columns from the second, odd ones the mean of first and third; zero-padded.

    Raises:
        VolumeError: there are not three averages, or the header contradicts the number of columns.
    """
    kspace, text, _, attributes = _read(path)
    if len(kspace) != 3:
        raise VolumeError(f"{path}: {len(kspace)} averages; expected the 3 of fastMRI's prostate T2 files")
    merged = np.where(np.arange(kspace.shape[-1]) % 2, (kspace[0] + kspace[2]) / 2, kspace[1])
    given = Header(header.root(text, path), path)
    rows, columns, _ = given.matrix("encodedSpace")
    _, (first, after) = header.parse(text, kspace.shape[-2:], path)
    if merged.shape[-2:] != (rows, after - first) or first < 0 or after > columns:
        raise VolumeError(
            f"{path}: k-space has {merged.shape[-2:]} rows and columns, its header says {(rows, after - first)} of "
            f"{(rows, columns)}; fetch the file again"
        )
    padded = np.zeros((*merged.shape[:2], rows, columns), np.complex64)
    padded[..., first:after] = merged
    return [Converted(padded, (min(320, rows), min(320, columns)), (first, after), attributes)]


SKM_TEA_SCALE, CC_359_SCALE = 1e-11, 1e-10
SKM_TEA_MEASURED = (48, 464)  # columns out of 512


def skm_tea(path: Path, axes: Axes) -> list[Converted]:
    """Convert (x, ky, kz, echo, coil), x already transformed, to a sagittal volume for each of the two echoes."""
    kspace, *_ = _read(path)
    images = images_of(kspace.transpose(3, 0, 4, 1, 2)) * SKM_TEA_SCALE  # (echo, x, coil, y, z)
    sagittal = upside_down(images.permute(0, 4, 2, 3, 1))
    padding = SKM_TEA_MEASURED if sagittal.shape[-1] == 512 else None
    return [Converted(kspace_of(one), None, padding, {}, f"E{n}_") for n, one in enumerate(sagittal, 1)]


def cc_359(path: Path, axes: Axes) -> list[Converted]:
    """Convert (slice, ky, kx, coil) with interleaved real and imaginary parts and images centred at [0, 0]."""
    kspace, *_ = _read(path)
    parts = (kspace[..., ::2] + 1j * kspace[..., 1::2]).transpose(0, 3, 1, 2) * CC_359_SCALE
    images = torch.fft.ifftshift(images_of(parts), dim=(-2, -1)).permute(axes)
    return [Converted(kspace_of(upside_down(images)))]
