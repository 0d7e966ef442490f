"""Siemens twix (.dat), read by twixtools, which is an extra: the readouts of the last measurement, sorted."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mrilib.data.layout import VolumeError
from mrilib.fourier import ifftc
from mrilib.scan.source import ScanFile

SINGLE = ("Set", "Rep", "Phs", "Eco")  # counters of which a scan may have one value only
Block = Any  # a readout of all coils, twixtools.mdb.Mdb


def open_twix(path: Path) -> ScanFile:
    """Open the last measurement of a twix file, with averages averaged and reversed readouts turned round.

    Raises:
        VolumeError: twixtools is not installed, a damaged file, no imaging readouts, or several repetitions,
            echoes, phases or sets.
    """
    try:
        import twixtools
    except ImportError:
        raise VolumeError(f"{path}: reading twix needs twixtools; pip install 'mrilib[twix]'") from None
    quiet = {"verbose": False, "parse_pmu": False, "parse_geometry": False, "keep_syncdata": False}
    try:
        found = twixtools.read_twix(str(path), include_scans=[-1], **quiet)[-1]
        blocks = [block for block in found["mdb"] if block.is_image_scan()]
        protocol = found["hdr"]["MeasYaps"]
        matrix, (field, *_) = protocol["sKSpace"], protocol["sSliceArray"]["asSlice"]
        rows, lines = int(matrix["lBaseResolution"]), int(matrix["lPhaseEncodingLines"])
        size = [float(field[name]) for name in ("dThickness", "dReadoutFOV", "dPhaseFOV")]
        kspace = sorted_readouts(blocks, lines, path)
    except VolumeError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise VolumeError(f"{path}: not a twix file that can be read ({type(error).__name__}: {error})") from error
    partitions = kspace.shape[1]
    volume = ifftc(kspace, (1,)) if partitions > 1 else kspace
    planes = volume.flatten(0, 1)
    voxel = (size[0] / partitions, size[1] / rows, size[2] / lines)
    return ScanFile(path, "Siemens twix", len(planes), planes.__getitem__, (rows, planes.shape[-1]), voxel)


def sorted_readouts(blocks: list[Block], lines: int, path: Path) -> torch.Tensor:
    """K-space (slice, partition, coil, ky, kx) complex64 with ky the readout; zero where nothing was measured."""
    if not blocks:
        raise VolumeError(f"{path}: no imaging readouts in its last measurement")
    several = [name for name in SINGLE if len({getattr(one.mdh.Counter, name) for one in blocks}) > 1]
    if several:
        raise VolumeError(f"{path}: more than one {', '.join(several)}; export one of them to a file of its own")
    places = np.array([[one.mdh.Counter.Sli, one.mdh.Counter.Par, one.mdh.Counter.Lin] for one in blocks])
    first = blocks[0].mdh
    coils, samples = int(first.UsedChannels), int(first.SamplesInScan)
    lines = max(lines, int(places[:, 2].max()) + 1)
    places[:, 2] += lines // 2 - int(first.CenterLin)
    wide = max(samples, 2 * int(first.CenterCol), 2 * (samples - int(first.CenterCol)))  # more for a partial echo
    start = wide // 2 - int(first.CenterCol)
    slices, partitions, _ = places.max(0) + 1
    if places.min() < 0 or places[:, 2].max() >= lines:
        raise VolumeError(f"{path}: lines {places[:, 2].min()} to {places[:, 2].max()} do not fit a matrix of {lines}")
    kspace = np.zeros((slices, partitions, lines, coils, wide), np.complex64)
    count = np.zeros((slices, partitions, lines), int)
    for (number, partition, line), one in zip(places, blocks, strict=True):
        data = one.data[:, ::-1] if one.is_flag_set("REFLECT") else one.data
        kspace[number, partition, line, :, start : start + samples] += data
        count[number, partition, line] += 1
    kspace /= np.maximum(count, 1)[..., None, None]
    return torch.from_numpy(kspace).permute(0, 1, 3, 4, 2)
