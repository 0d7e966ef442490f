"""Published files that store the scanner's readouts: Stanford 2D and 3D, NYU, 7T.

Reference: Lin, Heckel, ICML 2024, App. G, and its published code for axes, weights and scalings.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from mrilib.data import header
from mrilib.data.conversion import NATIVE, Axes, Converted, images_of, kspace_of, upside_down
from mrilib.data.fse import corrected
from mrilib.data.ismrmrd import Header, Raw, is_raw, read_raw
from mrilib.data.layout import VolumeError, opened
from mrilib.fourier import ifftc


def is_scan(path: Path, vendor: str | None, volume: bool, seven: bool = False) -> bool:
    """Tell raw formats apart by vendor, dimension and field strength, as no file names its dataset."""
    if not is_raw(path):
        return False
    with opened(path) as file:
        given = Header(header.root(file["dataset"]["xml"][0], path), path)
    strong = float(given.text("acquisitionSystemInformation/systemFieldStrength_T", "nan")) > 6
    maker = given.text("acquisitionSystemInformation/systemVendor", "").upper()
    deep = given.matrix("encodedSpace")[2] > 1
    return strong == seven and deep == volume and (vendor is None or vendor in maker)


def _whitened(raw: Raw, path: Path) -> np.ndarray:
    """Weight coils by 1/σ, normalised to ‖w‖₂ = 1; unchanged if the file does not state σ."""
    if raw.noise is None:
        return raw.kspace
    if raw.noise.shape != raw.kspace.shape[1:2]:
        raise VolumeError(f"{path}: noise of {raw.noise.size} coils, k-space of {raw.kspace.shape[1]}; fetch it again")
    weights = 1 / raw.noise
    return raw.kspace * (weights / np.linalg.norm(weights))[:, None, None, None].astype(np.float32)


def _unchopped(kspace: np.ndarray, raw: Raw) -> np.ndarray:
    """Remove the signs alternating with ky and kz that the scanner left in (ChopY or ChopZ is 0 in the header)."""
    for axis, name in ((-2, "ChopY"), (-3, "ChopZ")):
        if not int(float(raw.parameters.get(name, "1"))):
            shape = [1] * kspace.ndim
            shape[axis] = kspace.shape[axis]
            kspace = kspace * ((-1) ** np.arange(kspace.shape[axis])).reshape(shape)
    return kspace


def read_corrected(path: Path) -> Raw:
    """Read a scan with coils weighted by their noise, signs that alternate removed, and echo trains corrected.

    Raises:
        VolumeError: as in `read_raw`, or the noise is that of another number of coils.
    """
    raw = read_raw(path)
    kspace = _unchopped(_whitened(raw, path), raw)
    if raw.calibration is not None:
        kspace = corrected(kspace, raw.segments, raw.calibration)
    return replace(raw, kspace=kspace)


def _multislice(path: Path, scale: float) -> Converted:
    """Read a scan of 2-D slices, readout vertical."""
    raw = read_corrected(path)
    plane = raw.kspace[:, :, 0].swapaxes(-1, -2) * np.float32(scale)
    return Converted(plane, raw.recon_size, raw.columns)


def stanford_2d(path: Path, axes: Axes) -> list[Converted]:
    """Read a multi-slice scan, scale it and flip it vertically."""
    return [_upside_down(_multislice(path, 1e-8))]


def nyu(path: Path, axes: Axes) -> list[Converted]:
    """Read a multi-slice scan and flip it vertically."""
    return [_upside_down(_multislice(path, 1.0))]


def _upside_down(one: Converted) -> Converted:
    return Converted(kspace_of(upside_down(images_of(one.kspace))), one.recon_size, one.padding)


def stanford_3d(path: Path, axes: Axes) -> list[Converted]:
    """Convert a scan with already transformed partitions of alternating sign to any of three views."""
    one = _multislice(path, 1e-7)
    if axes == NATIVE:
        return [_upside_down(one)]
    images = images_of(one.kspace)
    images = images * ((-1) ** torch.arange(len(images)))[:, None, None, None]
    return [Converted(kspace_of(upside_down(images.permute(axes))))]


def seven_tesla(path: Path, axes: Axes) -> list[Converted]:
    """Convert a 3-D scan (coil, x, y, z), transformed here along all three axes, to any of three views."""
    raw = read_raw(path)
    volume = torch.from_numpy(raw.kspace[0].transpose(0, 3, 2, 1) * np.float32(1e-14))
    return [Converted(kspace_of(ifftc(volume, (-3, -2, -1)).permute(axes)))]
