"""fastMRI-layout HDF5 volumes: written atomically, inspected by their headers, read one slice at a time.

Layout (fastMRI, arXiv:1811.08839): `kspace` complex64 (slice, coil, ky, kx), `reconstruction_rss` float32
(slice, y, x), `ismrmrd_header` XML, attributes `acquisition`, `max`, `norm`, `patient_id`. Files are opened and
closed for each read, so that workers can fork and threads share nothing.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from mrilib.data import header
from mrilib.data.created import new_file
from mrilib.data.info import VolumeInfo, check_target, info_of
from mrilib.data.kspace import measured, under_sampled
from mrilib.data.layout import VolumeError, check_layout, dataset, opened
from mrilib.data.stored import attributes_of, complex_values, native
from mrilib.data.truth import image_of, refuse_under_sampled, volume_maximum, with_stored
from mrilib.metrics import center_crop
from mrilib.store.paths import atomic_write
from mrilib.store.records import note

RESERVED = {"kspace", "reconstruction_rss", "ismrmrd_header", "mask"}
SMALLEST, LARGEST = 1e-15, 1e15  # of the largest modulus: images are sums of squares in single precision


@dataclass(frozen=True)
class VolumeSlice:
    """One slice of a fully sampled volume.

    Args:
        info: the headers.
        index: index of the slice, from 0.
        kspace: (coil, ky, kx) complex64.
        columns: (1, 1, 1, kx) bool, the measured columns: neither empty nor outside the header's range.
        image: root sum of squares of the full k-space, (ky, kx) float32, with the stored target in its centre.
        target: central part of `image`, of size `info.recon_size`.
        peak: maximum of the volume's targets.
        attributes: attributes of the file.
        extras: the same slice of further datasets.
    """

    info: VolumeInfo
    index: int
    kspace: Tensor
    columns: Tensor
    image: Tensor
    target: Tensor
    peak: float
    attributes: dict[str, Any]
    extras: dict[str, Tensor]


def inspect_volume(path: Path) -> VolumeInfo:
    """Read and check the headers of a volume.

    Raises:
        VolumeError: the file is missing, empty, truncated, of another format, or has no multi-coil complex k-space.
    """
    with opened(Path(path)) as file:
        return info_of(file, Path(path))


def read_slice(path: Path, index: int, extras: Sequence[str] = ()) -> VolumeSlice:
    """Read a single slice of a fully sampled volume.

    The target is the file's `reconstruction_rss` if it agrees with the k-space (see `truth.with_stored`); if the file
    has none, it is computed. The volume's maximum is read or computed once per file.

    Args:
        path: path of the volume.
        index: index of the slice, from 0.
        extras: names of further datasets from which to read the same slice.

    Raises:
        VolumeError: as in `inspect_volume`; no such slice; NaN or infinite k-space; a coil that is zero everywhere;
            under-sampled k-space; a target or a maximum that disagrees with the k-space; k-space stored in another
            layout (see `kspace.check_kspace`).
    """
    path = Path(path)
    with opened(path) as file:
        info = info_of(file, path)
        if not 0 <= index < info.slices:
            raise VolumeError(f"{path}: no slice {index}; the volume has slices 0 to {info.slices - 1}")
        read = {name: _tensor(file, path, name, index) for name in extras}
        kspace = torch.from_numpy(complex_values(_row(file, path, "kspace", index)))
        images = _row(file, path, "reconstruction_rss", index) if info.has_target else None
        attributes = attributes_of(file, path)
    note(path)
    _check_values(kspace, path, index)
    columns = _measured_columns(kspace, info)
    image = image_of(kspace)
    if images is not None:
        image = with_stored(image, torch.from_numpy(images.astype(np.float32)), f"{path}: slice {index}")
    peak = volume_maximum(path)
    return VolumeSlice(info, index, kspace, columns, image, center_crop(image, info.recon_size), peak, attributes, read)


def write_volume(
    path: Path,
    kspace: np.ndarray | Tensor,
    reconstruction_rss: np.ndarray | Tensor | None = None,
    attributes: Mapping[str, Any] | None = None,
    extras: Mapping[str, np.ndarray] | None = None,
    recon_size: tuple[int, int] | None = None,
    padding: tuple[int, int] | None = None,
    mask: np.ndarray | None = None,
) -> None:
    """Write a volume atomically.

    Args:
        path: path of the file; missing folders are created, and an existing file is replaced.
        kspace: (slice, coil, ky, kx) complex, stored as complex64.
        reconstruction_rss: (slice, y, x); computed from the k-space when None, unless this is under-sampled.
        attributes: attributes to store; if not given, `acquisition`, `patient_id` and, with images, `max` and `norm`
            are set.
        extras: further datasets, slice axis first.
        recon_size: (y, x) to which a computed reconstruction is cropped.
        padding: first measured column and first column after the measured ones; None if all columns were measured.
        mask: (kx,) of an under-sampled acquisition, stored in the file.

    Raises:
        VolumeError: k-space has the wrong rank or type, is empty or not finite; or an extra has a reserved name.
        OSError: the file cannot be written.
    """
    path, given = Path(path), _array(kspace)
    _check_given(path, given, extras or {})
    given = given.astype(np.complex64)
    datasets: dict[str, Any] = {**(extras or {}), "kspace": given}
    if mask is not None:
        datasets["mask"] = np.asarray(mask)
    size, derived = recon_size or given.shape[2:], {}
    images = _images(path, given, reconstruction_rss, recon_size, mask)
    if images is not None:
        check_target(path, images.shape, len(given), images.dtype.kind)
        datasets["reconstruction_rss"], size = images, images.shape[1:]
        derived = {"max": float(images.max()), "norm": float(np.linalg.norm(images))}
    datasets["ismrmrd_header"] = header.compose(given.shape[2:], size, padding)
    attached = {"acquisition": "unknown", "patient_id": path.stem, **derived, **(attributes or {})}
    with atomic_write(path) as temporary, new_file(temporary) as file:
        for name, data in datasets.items():
            file[name] = data
        file.attrs.update(attached)


def _images(
    path: Path,
    kspace: np.ndarray,
    images: np.ndarray | Tensor | None,
    size: tuple[int, int] | None,
    mask: np.ndarray | None,
) -> np.ndarray | None:
    """Images to write: those given, or else those computed from fully sampled k-space."""
    if images is not None:
        return _array(images).astype(np.float32)
    if mask is not None or under_sampled(measured(torch.from_numpy(kspace).flatten(0, 1))):
        return None
    return np.stack([_cropped(torch.from_numpy(one), size, path).numpy() for one in kspace])


def check_same_shape(infos: Sequence[VolumeInfo]) -> None:
    """Check that volumes can share a batch.

    Raises:
        VolumeError: two of them differ in coil count or k-space size.
    """
    for info in infos[1:]:
        first, other = (infos[0].coils, *infos[0].shape), (info.coils, *info.shape)
        if first != other:
            raise VolumeError(
                f"{info.path}: slices are (coil, ky, kx) = {other}, but {first} in {infos[0].path}; "
                "select files of one size, or use batches of one"
            )


def _check_given(path: Path, kspace: np.ndarray, extras: Mapping[str, Any]) -> None:
    check_layout(path, kspace.shape, np.iscomplexobj(kspace), "given")
    if not np.isfinite(kspace).all():
        raise VolumeError(f"{path}: k-space to write holds NaN or infinite values")
    if reserved := RESERVED & set(extras):
        raise VolumeError(f"{path}: an extra dataset cannot be called {', '.join(sorted(reserved))}")


def _check_values(kspace: Tensor, path: Path, index: int) -> None:
    lowest, highest = torch.view_as_real(kspace).aminmax()
    largest = max(-lowest.item(), highest.item())
    if not math.isfinite(largest):
        raise VolumeError(
            f"{path}: slice {index} holds NaN or infinite k-space, or values beyond single precision; leave it out or "
            "write it again"
        )
    empty = (~kspace.flatten(1).any(1)).nonzero().flatten().tolist()
    if empty:
        raise VolumeError(f"{path}: slice {index}, coil {empty} is zero everywhere; remove it from the file")
    if not SMALLEST < largest < LARGEST:
        raise VolumeError(
            f"{path}: slice {index} has k-space of up to {largest:.2g}, whose square exceeds single precision; "
            "scale it to about 1 and write it again"
        )


def _measured_columns(kspace: Tensor, info: VolumeInfo) -> Tensor:
    """Measured columns, (1, 1, 1, kx); raises VolumeError if unmeasured columns lie between them."""
    refuse_under_sampled(info)
    seen = measured(kspace)
    if under_sampled(seen):
        refuse_under_sampled(replace(info, under_sampled=True))
    columns = seen.any(-2, keepdim=True)
    first, after = (max(end, 0) for end in info.padding)
    columns[..., :first], columns[..., after:] = False, False
    return columns


def _row(file: h5py.File, path: Path, name: str, index: int) -> np.ndarray:
    data = dataset(file, path, name)
    if data.ndim == 0 or index >= len(data):
        raise VolumeError(f"{path}: `{name}` has no slice {index}; its shape is {data.shape}")
    return np.asarray(data[index])


def _tensor(file: h5py.File, path: Path, name: str, index: int) -> Tensor:
    return torch.from_numpy(native(_row(file, path, name, index)))


def _array(data: np.ndarray | Tensor) -> np.ndarray:
    return data.numpy(force=True) if isinstance(data, Tensor) else np.asarray(data)


def _cropped(kspace: Tensor, size: tuple[int, int] | None, path: Path) -> Tensor:
    image = image_of(kspace)
    try:
        return center_crop(image, size) if size else image
    except ValueError as error:
        raise VolumeError(f"{path}: recon_size: {error}; give one that fits, or none") from error
