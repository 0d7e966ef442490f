"""fastMRI-layout HDF5 volumes: written atomically, inspected by their headers, read one slice at a time.

Layout (fastMRI, arXiv:1811.08839): `kspace` complex64 (slice, coil, ky, kx), `reconstruction_rss` float32
(slice, y, x), `ismrmrd_header` XML, attributes `acquisition`, `max`, `norm`, `patient_id`. Files are opened and
closed for each read, so that workers can fork and threads share nothing.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.data import header
from mrilib.data.layout import VolumeError, check_layout, dataset, opened
from mrilib.fourier import ifft2c
from mrilib.metrics import center_crop
from mrilib.store.paths import atomic_write
from mrilib.store.records import note

RESERVED = {"kspace", "reconstruction_rss", "ismrmrd_header", "mask"}


@dataclass(frozen=True)
class VolumeInfo:
    """Contents of a volume's headers, obtained without reading k-space."""

    path: Path
    slices: int
    coils: int
    shape: tuple[int, int]  # (ky, kx)
    recon_size: tuple[int, int]  # (y, x)
    padding: tuple[int, int]  # first measured column, first column after the measured ones
    acquisition: str
    patient_id: str
    max: float | None  # of the RSS volume; challenge files have none
    simulated: bool
    has_target: bool
    under_sampled: bool
    scanner: str = ""  # model, as named in fastMRI's headers


@dataclass(frozen=True)
class VolumeSlice:
    """One slice: k-space (coil, ky, kx) complex64, target (y, x) float32, attributes and extras of the file."""

    info: VolumeInfo
    index: int
    kspace: Tensor
    target: Tensor
    attributes: dict[str, Any]
    extras: dict[str, Tensor]


def inspect_volume(path: Path) -> VolumeInfo:
    """Read and check the headers of a volume.

    Raises:
        VolumeError: the file is missing, empty, truncated, of another format, or has no multi-coil complex k-space.
    """
    with opened(Path(path)) as file:
        return _inspect(file, Path(path))


def read_slice(path: Path, index: int, extras: Sequence[str] = ()) -> VolumeSlice:
    """Read a single slice of a volume.

    The target is the file's `reconstruction_rss`; if a fully sampled file has none, it is computed.

    Args:
        path: path of the volume.
        index: index of the slice, from 0.
        extras: names of further datasets of which to read the same slice.

    Raises:
        VolumeError: as in `inspect_volume`; no such slice; NaN or infinite k-space; a coil that is zero everywhere;
            under-sampled data without ground truth.
    """
    path = Path(path)
    with opened(path) as file:
        info = _inspect(file, path)
        if not 0 <= index < info.slices:
            raise VolumeError(f"{path}: no slice {index}; the volume has slices 0 to {info.slices - 1}")
        names = ("kspace", *extras, *(("reconstruction_rss",) if info.has_target else ()))
        read = {name: _tensor(file, path, name, index) for name in names}
        attributes = _attributes(file)
    note(path)
    kspace = read["kspace"].to(torch.complex64)
    _check_values(kspace, path, index)
    target = read["reconstruction_rss"].float() if info.has_target else _computed_target(kspace, info)
    return VolumeSlice(info, index, kspace, target, attributes, {name: read[name] for name in extras})


def write_volume(
    path: Path,
    kspace: np.ndarray | Tensor,
    reconstruction_rss: np.ndarray | Tensor | None = None,
    attributes: Mapping[str, Any] | None = None,
    extras: Mapping[str, np.ndarray] | None = None,
    recon_size: tuple[int, int] | None = None,
    padding: tuple[int, int] | None = None,
) -> None:
    """Write a volume atomically.

    Args:
        path: path of the file; missing folders are created, an existing file is replaced.
        kspace: (slice, coil, ky, kx) complex, stored as complex64.
        reconstruction_rss: (slice, y, x); computed from the k-space when None.
        attributes: in addition to `acquisition`, `patient_id`, `max` and `norm`, which are set when not given.
        extras: further datasets, slice axis first.
        recon_size: (y, x) to which a computed reconstruction is cropped.
        padding: first measured column and first after the measured ones; None if all were measured.

    Raises:
        VolumeError: k-space has the wrong rank or type, is empty or not finite; or an extra has a reserved name.
        OSError: the file cannot be written.
    """
    path, measured = Path(path), _array(kspace)
    _check_given(path, measured, extras or {})
    measured = measured.astype(np.complex64)
    if reconstruction_rss is None:
        target = np.stack([_rss(torch.from_numpy(one), recon_size, path).numpy() for one in measured])
    else:
        target = _array(reconstruction_rss).astype(np.float32)
    _check_target(path, target.shape, len(measured))
    text = header.compose(measured.shape[2:], target.shape[1:], padding)
    datasets = {**(extras or {}), "kspace": measured, "reconstruction_rss": target, "ismrmrd_header": text}
    derived = {"max": float(target.max()), "norm": float(np.linalg.norm(target))}
    given = {"acquisition": "unknown", "patient_id": path.stem, **derived, **(attributes or {})}
    with atomic_write(path) as temporary, h5py.File(temporary, "w") as file:
        for name, data in datasets.items():
            file[name] = data
        file.attrs.update(given)


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


def digest(path: Path) -> str:
    """SHA-256 of a file's content, for provenance; raises OSError if it cannot be read."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _inspect(file: h5py.File, path: Path) -> VolumeInfo:
    data = dataset(file, path, "kspace")
    check_layout(path, data.shape, data.dtype.kind == "c", "found")
    slices, coils, *shape = data.shape
    size: tuple[int, int] = tuple(shape)
    has_target = "reconstruction_rss" in file
    if has_target:
        target = dataset(file, path, "reconstruction_rss").shape
        _check_target(path, target, slices)
    text = dataset(file, path, "ismrmrd_header")[()] if "ismrmrd_header" in file else None
    recon_size, padding = header.parse(text, size, path)
    attributes = _attributes(file)
    return VolumeInfo(
        path,
        slices,
        coils,
        size,
        tuple(target[1:]) if has_target else recon_size,
        padding,
        str(attributes.get("acquisition", "unknown")),
        str(attributes.get("patient_id", "")),
        float(attributes["max"]) if "max" in attributes else None,
        bool(attributes.get("simulated", False)),
        has_target,
        "mask" in file,
        header.scanner(text, path),
    )


def _check_given(path: Path, kspace: np.ndarray, extras: Mapping[str, Any]) -> None:
    check_layout(path, kspace.shape, np.iscomplexobj(kspace), "given")
    if not np.isfinite(kspace).all():
        raise VolumeError(f"{path}: k-space to write holds NaN or infinite values")
    if reserved := RESERVED & set(extras):
        raise VolumeError(f"{path}: an extra dataset cannot be called {', '.join(sorted(reserved))}")


def _check_target(path: Path, shape: tuple[int, ...], slices: int) -> None:
    if len(shape) != 3 or shape[0] != slices or 0 in shape:
        raise VolumeError(f"{path}: `reconstruction_rss` is {shape}; expected ({slices}, y, x), one image a slice")


def _check_values(kspace: Tensor, path: Path, index: int) -> None:
    if not torch.isfinite(torch.view_as_real(kspace)).all():
        raise VolumeError(f"{path}: slice {index} holds NaN or infinite k-space; leave it out or write it again")
    empty = (~kspace.flatten(1).any(1)).nonzero().flatten().tolist()
    if empty:
        raise VolumeError(f"{path}: slice {index}, coil {empty} is zero everywhere; remove it from the file")


def _tensor(file: h5py.File, path: Path, name: str, index: int) -> Tensor:
    data = dataset(file, path, name)
    if data.ndim == 0 or index >= len(data):
        raise VolumeError(f"{path}: `{name}` has no slice {index}; its shape is {data.shape}")
    return torch.from_numpy(np.asarray(data[index]))


def _computed_target(kspace: Tensor, info: VolumeInfo) -> Tensor:
    if info.under_sampled:
        raise VolumeError(f"{info.path}: under-sampled, without ground truth; use training or validation files")
    return _rss(kspace, info.recon_size, info.path)


def _array(data: np.ndarray | Tensor) -> np.ndarray:
    return data.numpy(force=True) if isinstance(data, Tensor) else np.asarray(data)


def _rss(kspace: Tensor, size: tuple[int, int] | None, path: Path) -> Tensor:
    image = rss(ifft2c(kspace.to(torch.complex64)[None]))[0, 0]
    try:
        return center_crop(image, size) if size else image
    except ValueError as error:
        raise VolumeError(f"{path}: recon_size: {error}; give one that fits, or none") from error


def _attributes(file: h5py.File) -> dict[str, Any]:
    """Attributes as plain Python values."""
    return {name: _plain(value) for name, value in file.attrs.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value.item() if isinstance(value, np.generic) else value
