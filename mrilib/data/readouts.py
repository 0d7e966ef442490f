"""Readouts of an ISMRMRD file, distinguished by their flags and counters, and placed in k-space.

Reference: Inati et al., Magn. Reson. Med. 77, 2017, and the acquisition header of https://ismrmrd.readthedocs.io.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from mrilib.data.layout import VolumeError

# Numbers of flags, counted from 1. First: noise, navigator, two kinds of feedback, dummy, surface coils, stabilisation.
NOT_IMAGING = (19, 23, 26, 27, 28, 29, 30, 31)
CALIBRATION, CALIBRATION_AND_IMAGING, REVERSE, CORRECTION = 20, 21, 22, 24
POSITIONS = (*range(1, 19), 25)  # whether a readout is the first or last of a counter
UNDERSTOOD = {*NOT_IMAGING, *POSITIONS, CALIBRATION, CALIBRATION_AND_IMAGING, REVERSE, CORRECTION}
NAMES = {number: f"ACQ_COMPRESSION{number - 52}" for number in range(53, 57)}
NAMES |= {number: f"ACQ_USER{number - 56}" for number in range(57, 65)}
COUNTERS = ("repetition", "contrast", "phase", "set")  # of which each value is a volume of its own
Choice = Mapping[str, int]  # value of one of the counters, by its name
NUMBERS = ("row", "slice", "line", "depth", "segment", "average", *COUNTERS, "samples", "skip", "stop", "start")
PLACE = np.dtype([(name, int) for name in NUMBERS] + [(name, bool) for name in ("correction", "reverse")])


def several(path: Path, found: Mapping[str, Collection[int]]) -> str:
    """Message about a file in which a counter has several values, one of which must be chosen."""
    there = "; ".join(f"{name} {', '.join(map(str, sorted(values)))}" for name, values in found.items())
    options = " ".join(f"--choose {name}={min(values)}" for name, values in found.items())
    return f"{path}: more than one {', '.join(found)} ({there}); choose one, e.g. {options}"


def flagged(heads: np.ndarray, number: int) -> np.ndarray:
    """Whether each readout has the flag with this number."""
    return (heads["flags"] >> np.uint64(number - 1)) & np.uint64(1) > 0


def is_imaging(heads: np.ndarray) -> np.ndarray:
    """Whether each readout is part of the image."""
    return _is_scan(heads) & ~flagged(heads, CORRECTION)


def _is_scan(heads: np.ndarray) -> np.ndarray:
    other = np.any([flagged(heads, number) for number in NOT_IMAGING], axis=0)
    return ~other & (~flagged(heads, CALIBRATION) | flagged(heads, CALIBRATION_AND_IMAGING))


def table_of(heads: np.ndarray, samples: int, first: int, path: Path) -> np.ndarray:
    """Positions of the readouts that belong to the image or measure the phase of its echoes; an array of `PLACE`.

    Args:
        heads: acquisition headers of all readouts.
        samples: length of a row of k-space.
        first: column of k-space for ky 0.
        path: path of the file, for messages.

    Raises:
        VolumeError: the meaning of a readout is unknown, or it does not fit into its row.
    """
    rows = np.flatnonzero(_is_scan(heads))
    heads = heads[rows]
    _refuse_unknown(heads, path)
    table = np.zeros(len(rows), PLACE)
    counters = heads["idx"]
    table["row"], table["samples"] = rows, heads["number_of_samples"]
    table["line"], table["depth"] = counters["kspace_encode_step_1"], counters["kspace_encode_step_2"]
    table["line"] += first
    for name in ("slice", "segment", "average", *COUNTERS):
        table[name] = counters[name]
    table["correction"], table["reverse"] = flagged(heads, CORRECTION), flagged(heads, REVERSE)
    _place_samples(table, heads, samples, path)
    return table


def _refuse_unknown(heads: np.ndarray, path: Path) -> None:
    unknown = [number for number in range(1, 65) if number not in UNDERSTOOD and flagged(heads, number).any()]
    if unknown:
        names = ", ".join(NAMES.get(number, f"flag {number}") for number in unknown)
        raise VolumeError(
            f"{path}: readouts with {names}, whose meaning is not known here; write the file without them"
        )
    if heads["encoding_space_ref"].any():
        raise VolumeError(f"{path}: readouts of several encodings; write those of the image to a separate file")
    if heads["trajectory_dimensions"].any():
        raise VolumeError(f"{path}: readouts with a trajectory; only Cartesian ones are supported")
    if (flagged(heads, REVERSE) & ~flagged(heads, CORRECTION)).any() and flagged(heads, CORRECTION).any():
        raise VolumeError(
            f"{path}: reversed readouts with phase correction (ACQ_IS_REVERSE, ACQ_IS_PHASECORR_DATA), as in "
            "echo-planar imaging, which are not corrected here; correct and regrid them first"
        )


def _place_samples(table: np.ndarray, heads: np.ndarray, samples: int, path: Path) -> None:
    """Set which samples are kept and where they go; samples of whole rows stay in place."""
    count, centre = table["samples"], heads["center_sample"].astype(int)
    before, after = heads["discard_pre"].astype(int), heads["discard_post"].astype(int)
    reverse = table["reverse"]
    table["skip"] = np.where(reverse, after, before)
    table["stop"] = count - np.where(reverse, before, after)
    stated = np.where(reverse, count - centre, centre)
    whole = (count == samples) & ((centre == 0) | (abs(stated - count // 2) <= 1))
    begin = np.where(whole, 0, samples // 2 - stated)
    table["start"] = begin + table["skip"]
    fits = (table["start"] >= 0) & (table["skip"] < table["stop"]) & (begin + table["stop"] <= samples)
    odd = np.flatnonzero(~(fits & (whole | (centre > 0))) & ~table["correction"])
    if len(odd):
        one = odd[0]
        raise VolumeError(
            f"{path}: a readout of {count[one]} samples with its centre at {centre[one]}, of which {before[one]} and "
            f"{after[one]} are to be discarded, does not fit the {samples} samples of the header; fetch it again"
        )


def volumes(table: np.ndarray, choice: Choice, path: Path) -> list[tuple[dict[str, int], np.ndarray]]:
    """Each volume of the table: its readouts, and its values of the counters that vary within the table.

    Raises:
        VolumeError: a chosen value does not exist; the readouts at one position cannot be told apart.
    """
    counters = [name for name in COUNTERS if len(np.unique(table[name])) > 1]
    for name, value in choice.items():
        if value not in (there := np.unique(table[name])):
            raise VolumeError(f"{path}: no {name} {value}; there are {', '.join(map(str, there))}")
        table = table[table[name] == value]
    if not counters:
        return [({}, _single(table, path))]
    return [
        (
            dict(zip(counters, map(int, values), strict=True)),
            _single(table[table[counters] == values], path),
        )
        for values in np.unique(table[counters])
    ]


def _single(table: np.ndarray, path: Path) -> np.ndarray:
    _, index, times = np.unique(table[["slice", "depth", "line", "average"]], return_index=True, return_counts=True)
    if (times > 1).any():
        one = table[index[times > 1][0]]
        raise VolumeError(
            f"{path}: {times.max()} readouts of slice {one['slice']} at ky {one['line']}, kz {one['depth']} that "
            "cannot be told apart: they differ in neither a counter nor a flag"
        )
    return table


def check_complete(table: np.ndarray, columns: tuple[int, int], limits: tuple[int, int], name: str) -> None:
    """Check that the acquisition of a volume was finished.

    Args:
        table: its readouts.
        columns: first column of k-space that the header announces, and the first after the last one.
        limits: last slice and number of partitions that the header announces.
        name: name of the file and the volume, for messages.

    Raises:
        VolumeError: slices, lines or partitions are missing; a readout lies outside the matrix.
    """
    last, depth = limits
    numbers = np.unique(table["slice"])
    missing = np.setdiff1d(np.arange(len(numbers)), numbers)
    if len(missing) or len(numbers) < last:
        which = f"slice {missing[0]} has none" if len(missing) else f"the header announces {last + 1}"
        raise VolumeError(
            f"{name}: readouts of {len(numbers)} slices, up to number {numbers[-1]}, but {which}; fetch it again"
        )
    outside = table[(table["line"] < 0) | (table["depth"] < 0) | (table["depth"] >= depth)]
    if len(outside):
        where = f"ky {outside[0]['line']}, kz {outside[0]['depth']}"
        raise VolumeError(f"{name}: a readout at {where} lies outside the header's matrix; fetch it again")
    places = [np.unique(table[table["slice"] == number][["depth", "line"]]) for number in numbers]
    for number, one in zip(numbers, places, strict=True):
        if not np.array_equal(one, places[0]):
            raise VolumeError(
                f"{name}: slice {number} has {len(one)} lines and slice 0 has {len(places[0])}, or their lines differ: "
                "the acquisition was stopped early, or the file is truncated; fetch it again"
            )
    for axis, found, (first, after) in (("ky", table["line"], columns), ("kz", table["depth"], (0, depth))):
        lines = np.unique(found)
        gap = np.diff(lines).max(initial=1)
        if lines[0] - first > gap or after - 1 - lines[-1] > gap:
            raise VolumeError(
                f"{name}: readouts at {axis} {lines[0]} to {lines[-1]}, but the header announces {first} to "
                f"{after - 1}: the acquisition was stopped early, or the file is truncated; fetch it again"
            )
