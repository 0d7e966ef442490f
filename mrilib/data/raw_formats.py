"""Published files that store the scanner's readouts: Stanford 2D and 3D, NYU, 7T.

Reference: Lin, Heckel, ICML 2024, App. G, and its published code for axes, weights and scalings.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mrilib.data.conversion import ALL, NATIVE, Axes, Block, Converted, by_coils, by_slice, complete, permuted, turned
from mrilib.data.created import new_file
from mrilib.data.fse import corrected
from mrilib.data.ismrmrd import Raw, header_of, is_raw, read_raw
from mrilib.data.layout import VolumeError
from mrilib.data.readouts import Choice


def is_scan(path: Path, vendor: str | None, volume: bool, seven: bool = False) -> bool:
    """Distinguish raw formats by vendor, dimension and field strength, because no file names its dataset."""
    if not is_raw(path):
        return False
    given = header_of(path)
    strong = given.field_strength > 6
    maker = given.text("acquisitionSystemInformation/systemVendor", "").upper()
    deep = given.matrix("encodedSpace")[2] > 1
    return strong == seven and deep == volume and (vendor is None or vendor in maker)


def corrected_slice(raw: Raw, number: int) -> np.ndarray:
    """A slice (coil, kz, ky, readout) with coils weighted by noise, alternating signs removed and echoes in phase.

    Raises:
        VolumeError: a readout is damaged, or the noise is stated for another number of coils.
    """
    kspace = _unchopped(_whitened(raw, raw.kspace(number)), raw)
    if raw.calibration is None:
        return kspace
    one = slice(number, number + 1)
    return corrected(kspace[None], raw.segments[one], raw.calibration[one])[0]


def _whitened(raw: Raw, kspace: np.ndarray) -> np.ndarray:
    """Weight coils by 1/σ, normalised to ‖w‖₂ = 1; unchanged if the file does not state σ."""
    if raw.noise is None:
        return kspace
    if raw.noise.shape != raw.shape[1:2]:
        raise VolumeError(f"{raw.path}: noise of {raw.noise.size} coils, but k-space of {raw.shape[1]}; fetch it again")
    weights = 1 / raw.noise
    return kspace * (weights / np.linalg.norm(weights))[:, None, None, None].astype(np.float32)


def _unchopped(kspace: np.ndarray, raw: Raw) -> np.ndarray:
    """Remove alternating signs along ky and kz if the scanner has not done so (ChopY or ChopZ is 0 in the header)."""
    given = raw.header.parameters
    for axis, name in ((-2, "ChopY"), (-3, "ChopZ")):
        if not int(float(given.get(name, "1"))):
            shape = [1] * kspace.ndim
            shape[axis] = kspace.shape[axis]
            kspace = kspace * ((-1) ** np.arange(kspace.shape[axis], dtype=np.int8)).reshape(shape)
    return kspace


def _multislice(path: Path, scale: float, choice: Choice) -> list[Converted]:
    """Every volume of a scan of 2-D slices."""
    return [_as_measured(raw, scale) for raw in read_raw(path, choice)]


def _as_measured(raw: Raw, scale: float) -> Converted:
    slices, coils, _, lines, samples = raw.shape

    def read(index: int) -> Tensor:
        return turned(torch.from_numpy(corrected_slice(raw, index))[:, 0].swapaxes(-1, -2) * scale)

    shape = slices, coils, samples, lines
    return Converted(shape, by_slice(slices, read), raw.recon_size, raw.columns, prefix=prefix(raw))


def prefix(raw: Raw) -> str:
    """Prefix of a file name that distinguishes a volume from the others of the same scan."""
    return "".join(f"{name}{value}_" for name, value in raw.chosen.items())


def stanford_2d(path: Path, axes: Axes, choice: Choice) -> list[Converted]:
    """Read a multi-slice scan, scale it and flip it vertically."""
    return _multislice(path, 1e-8, choice)


def nyu(path: Path, axes: Axes, choice: Choice) -> list[Converted]:
    """Read a multi-slice scan and flip it vertically."""
    return _multislice(path, 1.0, choice)


def stanford_3d(path: Path, axes: Axes, choice: Choice) -> list[Converted]:
    """Convert a scan whose partitions are already transformed and alternate in sign to any of three views."""
    if axes == NATIVE:
        return _multislice(path, 1e-7, choice)

    def view(raw: Raw) -> Converted:
        slices, coils, _, lines, samples = raw.shape
        signs = (-1.0) ** torch.arange(slices)[:, None, None, None] * 1e-7

        def planes() -> Iterator[tuple[Any, np.ndarray]]:
            return ((number, corrected_slice(raw, number)[:, 0].swapaxes(-1, -2)) for number in range(slices))

        def read(volume: Tensor) -> Tensor:
            return turned(permuted(complete(volume, path) * signs, axes))

        return _sorted((slices, coils, samples, lines), axes, planes, 1, read, prefix(raw))

    return [view(raw) for raw in read_raw(path, choice)]


def seven_tesla(path: Path, axes: Axes, choice: Choice) -> list[Converted]:
    """Convert a 3-D scan (coil, x, y, z), transformed here along all three axes, to any of three views."""

    def view(raw: Raw) -> Converted:
        slices, coils, depth, lines, samples = raw.shape
        if slices != 1:
            raise VolumeError(f"{path}: {slices} slabs; expected the single slab of the 7T database")

        def partitions() -> Iterator[tuple[Any, np.ndarray]]:
            return (((ALL, ALL, ALL, number), raw.kspace(0, number)[:, 0].swapaxes(-1, -2)) for number in range(depth))

        def read(volume: Tensor) -> Tensor:
            return permuted(complete(volume.swapaxes(0, 1), path).swapaxes(0, 1) * 1e-14, axes, (1, 2, 3))

        return _sorted((coils, samples, lines, depth), axes, partitions, 0, read, prefix(raw))

    return [view(raw) for raw in read_raw(path, choice)]


def _sorted(
    shape: Axes,
    axes: Axes,
    parts: Callable[[], Iterable[tuple[Any, np.ndarray]]],
    coil: int,
    read: Callable[[Tensor], Tensor],
    prefix: str,
) -> Converted:
    """A view of a volume whose readouts are first sorted into a temporary file, from which coils are read.

    Args:
        shape: shape of the volume.
        axes: axes of the view.
        parts: function → positions in the volume and their values, which together cover it.
        coil: coil axis of the volume.
        read: function (some coils of the volume) → their k-space in the view.
        prefix: prefix of the output's name.
    """
    view = shape[axes[0]], shape[axes[1]], shape[axes[2]], shape[axes[3]]

    def blocks(scratch: Path) -> Iterator[Block]:
        with new_file(scratch / "sorted.h5") as file:
            volume = file.create_dataset("kspace", shape, np.complex64)
            for place, values in parts():
                volume[place] = values
            some = by_coils(view, lambda coils: read(torch.from_numpy(volume[(ALL,) * coil + (coils,)])))
            yield from some(scratch)

    return Converted(view, blocks, prefix=prefix)
