"""Siemens twix (.dat), read by the optional package twixtools: the sorted readouts of the last measurement."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from mrilib.data.layout import VolumeError
from mrilib.data.readouts import Choice, several
from mrilib.fourier import ifftc
from mrilib.scan.source import ScanFile

CALLED = {"repetition": "Rep", "contrast": "Eco", "phase": "Phs", "set": "Set"}  # counters of `readouts.COUNTERS`
Block = Any  # a readout of all coils, twixtools.mdb.Mdb


def open_twix(path: Path, choice: Choice) -> ScanFile:
    """Open the last measurement of a twix file, with averages combined and reversed readouts flipped back.

    Raises:
        VolumeError: twixtools is not installed, a damaged file, no imaging readouts, or several repetitions,
            contrasts (echoes), phases or sets, none of which was chosen.
    """
    try:
        import twixtools
    except ImportError:
        raise VolumeError(f"{path}: reading twix needs twixtools; pip install 'mrilib[twix]'") from None
    quiet = {"verbose": False, "parse_pmu": False, "parse_geometry": False, "keep_syncdata": False}
    try:
        found = twixtools.read_twix(str(path), include_scans=[-1], **quiet)[-1]
        blocks = chosen([block for block in found["mdb"] if block.is_image_scan()], choice, path)
        protocol = found["hdr"]["MeasYaps"]
        matrix, (field, *_) = protocol["sKSpace"], protocol["sSliceArray"]["asSlice"]
        rows, lines = int(matrix["lBaseResolution"]), int(matrix["lPhaseEncodingLines"])
        size = [float(field[name]) for name in ("dThickness", "dReadoutFOV", "dPhaseFOV")]
        deep = int(matrix.get("lPartitions", 1)) if int(matrix.get("ucDimension", 2)) > 2 else 1
        kspace = sorted_readouts(blocks, lines, deep, path)
    except VolumeError:
        raise
    except Exception as error:  # a damaged file can raise anything
        raise VolumeError(f"{path}: not a readable twix file ({type(error).__name__}: {error})") from error
    partitions = kspace.shape[1]
    volume = ifftc(kspace, (1,)) if partitions > 1 else kspace
    planes = volume.flatten(0, 1)
    voxel = (size[0] / partitions, size[1] / rows, size[2] / lines)
    return ScanFile(path, "Siemens twix", len(planes), planes.__getitem__, (rows, planes.shape[-1]), voxel)


def sorted_readouts(blocks: list[Block], lines: int, partitions: int, path: Path) -> torch.Tensor:
    """K-space (slice, partition, coil, ky, kx) complex64 with ky the readout; zero where nothing was measured.

    Slices are in the order of their positions, because scanners number them in the order of measurement. `lines` and
    `partitions` are those of the protocol; partial Fourier leaves some unmeasured.
    """
    if not blocks:
        raise VolumeError(f"{path}: no imaging readouts in its last measurement")
    found = {name: _values(blocks, name) for name in CALLED}
    if more := {name: values for name, values in found.items() if len(values) > 1}:
        raise VolumeError(several(path, more))
    places = np.array([[one.mdh.Counter.Sli, one.mdh.Counter.Par, one.mdh.Counter.Lin] for one in blocks])
    places[:, 0] = by_position(blocks)
    first = blocks[0].mdh
    coils, samples = int(first.UsedChannels), int(first.SamplesInScan)
    partitions, lines = np.maximum((partitions, lines), places[:, 1:].max(0) + 1)
    places[:, 1:] += np.array([partitions // 2 - int(first.CenterPar), lines // 2 - int(first.CenterLin)])
    wide = max(samples, 2 * int(first.CenterCol), 2 * (samples - int(first.CenterCol)))  # more for a partial echo
    start = wide // 2 - int(first.CenterCol)
    slices = places[:, 0].max() + 1
    if places.min() < 0 or (places[:, 1:].max(0) >= (partitions, lines)).any():
        raise VolumeError(f"{path}: its readouts' centre and counters do not fit a matrix of {lines} × {partitions}")
    kspace = np.zeros((slices, partitions, lines, coils, wide), np.complex64)
    count = np.zeros((slices, partitions, lines), int)
    for (number, partition, line), one in zip(places, blocks, strict=True):
        data = one.data[:, ::-1] if one.is_flag_set("REFLECT") else one.data
        kspace[number, partition, line, :, start : start + samples] += data
        count[number, partition, line] += 1
    kspace /= np.maximum(count, 1)[..., None, None]
    return torch.from_numpy(kspace).permute(0, 1, 3, 4, 2)


def chosen(blocks: list[Block], choice: Choice, path: Path) -> list[Block]:
    """Readouts with the chosen counter values; raises VolumeError if there are none."""
    for name, value in choice.items():
        if value not in (there := _values(blocks, name)):
            raise VolumeError(f"{path}: no {name} {value}; there are {', '.join(map(str, sorted(there)))}")
        blocks = [one for one in blocks if getattr(one.mdh.Counter, CALLED[name]) == value]
    return blocks


def _values(blocks: list[Block], name: str) -> set[int]:
    return {int(getattr(one.mdh.Counter, CALLED[name])) for one in blocks}


def by_position(blocks: list[Block]) -> list[int]:
    """Number of each readout's slice, counted along the axis in which the slices' positions differ most."""
    centres = {}
    for one in blocks:
        position = one.mdh.SliceData.SlicePos
        centres[one.mdh.Counter.Sli] = np.array([position.Sag, position.Cor, position.Tra], float)
    axis = np.ptp(np.stack(list(centres.values())), axis=0).argmax()
    order = sorted(centres, key=lambda number: (centres[number][axis], number))
    return [order.index(one.mdh.Counter.Sli) for one in blocks]
