"""Raw scanner data in the ISMRMRD format: the header, and the volumes that the readouts form, slice by slice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np

from mrilib.data import header
from mrilib.data.layout import VolumeError, dataset, opened
from mrilib.data.readouts import Choice, check_complete, several, table_of, volumes

GROUP = "dataset"
TOGETHER = 256  # readouts read at a time
SPARSEST = 64  # a matrix of which a smaller part than 1/64 was measured is not believed
CARTESIAN = "cartesian"


@dataclass(frozen=True)
class Raw:
    """One volume of a scan; its readouts are sorted into arrays on reading.

    Args:
        path: path of the file.
        header: header of the file.
        chosen: value of each counter that takes several values in the scan, such as {"repetition": 2}.
        shape: shape of its k-space, (slice, coil, kz, ky, readout).
        table: its imaging readouts; see `readouts.table_of`.
        segments: (slice, ky) echo number within the train; all 0 without echo trains.
        calibration: (slice, coil, segment, readout) readouts without phase encoding, one per echo; None if absent.
        noise: (coil,) noise standard deviation of each coil; None if the file does not state it.
        columns: first measured column of the encoded matrix and the first column after the measured ones.
    """

    path: Path
    header: "Header"
    chosen: Mapping[str, int]
    shape: tuple[int, int, int, int, int]
    table: np.ndarray
    segments: np.ndarray
    calibration: np.ndarray | None
    noise: np.ndarray | None
    columns: tuple[int, int]

    @property
    def recon_size(self) -> tuple[int, int]:
        """(y, x) with y along the readout."""
        x, y, _ = self.header.matrix("reconSpace")
        return x, y

    def kspace(self, number: int, partition: int | None = None) -> np.ndarray:
        """One slice, or one partition of it, (coil, kz, ky, readout) complex64, with the averages combined.

        It is zero where nothing was measured.
        """
        _, coils, depth, lines, samples = self.shape
        rows, first = self.table[self.table["slice"] == number], 0
        if partition is not None:
            rows, first, depth = rows[rows["depth"] == partition], partition, 1
        found = np.zeros((coils, depth, lines, samples), np.complex64)
        times = np.zeros((depth, lines), np.float32)
        for one, values in _read(self.path, rows, coils):
            place, start = one["depth"] - first, one["start"]
            found[:, place, one["line"], start : start + values.shape[1]] += values
            times[place, one["line"]] += 1
        found /= np.maximum(times, 1)[..., None]
        return found


def is_raw(path: Path) -> bool:
    """Return whether a file has the ISMRMRD layout: a group with readouts and a header."""
    with opened(path) as file:
        return is_raw_group(file)


def is_raw_group(file: h5py.File) -> bool:
    link = file.get(GROUP, getlink=True)
    group = None if link is None or isinstance(link, h5py.ExternalLink) else file.get(GROUP)
    return isinstance(group, h5py.Group) and {"data", "xml"} <= set(group)


def header_of(path: Path) -> "Header":
    """Header of an ISMRMRD file; raises VolumeError if there is none, or if it is not inside the file."""
    with opened(path) as file:
        if not is_raw_group(file):
            raise VolumeError(f"{path}: no ISMRMRD data; expected the group `{GROUP}` with `xml` and `data`")
        text = dataset(file, path, f"{GROUP}/xml")
        if text.shape is None or not text.size:
            raise VolumeError(f"{path}: the ISMRMRD header is empty; fetch the file again")
        return Header(header.root(text[()].flat[0] if text.ndim else text[()], path), path)


def heads_of(path: Path) -> np.ndarray:
    """Acquisition headers of all readouts, one entry each."""
    with opened(path) as file:
        data = dataset(file, path, f"{GROUP}/data")
        kinds, count = data.dtype, data.size
        whole = data.ndim == 1 and {"head", "data"} <= set(kinds.names or ())
    if not whole or not {"flags", "idx"} <= set(kinds["head"].names or ()):
        raise VolumeError(f"{path}: `{GROUP}/data` is not a list of ISMRMRD readouts; fetch the file again")
    parts = [_part(path, slice(first, first + TOGETHER))["head"].copy() for first in range(0, count, TOGETHER)]
    return np.concatenate([np.zeros(0, kinds["head"]), *parts])


def _part(path: Path, rows: slice) -> np.ndarray:
    """Some readouts, with all their fields, because h5py leaks memory when it reads only one field."""
    with opened(path) as file:
        return dataset(file, path, f"{GROUP}/data")[rows]


def read_raw(path: Path, choice: Choice, single: bool = False) -> list[Raw]:
    """The volumes of a scan, one for each repetition, contrast, phase and set that was measured.

    Args:
        path: of the file.
        choice: counters for which only one value is wanted, such as {"contrast": 0}.
        single: whether to refuse a file for which `choice` leaves several volumes.

    Raises:
        VolumeError: not an ISMRMRD file, or a truncated one; a header that lacks a number or contradicts the readouts;
            readouts of unknown meaning, which the message names; an unfinished acquisition.
    """
    given, heads = header_of(path), heads_of(path)
    trajectory = given.text("encoding/trajectory", CARTESIAN).strip().lower()
    if trajectory != CARTESIAN:
        raise VolumeError(f"{path}: trajectory {trajectory}; only Cartesian scans are supported")
    with opened(path) as file:
        stated = f"{GROUP}/rec_std" in file
        noise = np.asarray(dataset(file, path, f"{GROUP}/rec_std")[0], np.float32) if stated else None
    samples, encoded, depth = given.matrix("encodedSpace")
    first = encoded // 2 - given.limit("kspace_encoding_step_1", "center")
    # Some headers give the number of lines, not the last.
    after = min(first + given.limit("kspace_encoding_step_1") + 1, encoded)
    table = table_of(heads, samples, first, path)
    if not len(table):
        raise VolumeError(f"{path}: the file holds no imaging readout; it may be truncated: fetch it again")
    coils = _coils(heads[table["row"]], given)
    outside, table = table[table["line"] >= after], table[(table["line"] < after) & ~table["correction"]]
    if table["depth"].any():
        table["depth"] += depth // 2 - given.limit("kspace_encoding_step_2", "center", depth // 2)
    else:  # a volume whose partitions were transformed on the scanner
        depth = 1
    trains = given.limit("segment") + 1
    found = []
    parts = volumes(table, choice, path)
    if single and len(parts) > 1:
        raise VolumeError(several(path, {name: {chosen[name] for chosen, _ in parts} for name in parts[0][0]}))
    most = max(len(_lines(one)) for _, one in parts)
    for chosen, one in parts:
        name = (
            f"{path}: {', '.join(f'{counter} {value}' for counter, value in chosen.items())}" if chosen else str(path)
        )
        check_complete(one, (first, after), (given.limit("slice"), depth), name)
        if (count := len(_lines(one))) < most:
            raise VolumeError(
                f"{name}: {count} lines, but others have {most}: this one ended early; choose another with --choose"
            )
        slices = int(one["slice"].max()) + 1
        if depth * encoded * slices > SPARSEST * len(one):
            raise VolumeError(
                f"{name}: the header's matrix has {depth * encoded} lines per slice, but the file has {len(one)} "
                f"readouts of {slices} slices; fetch it again"
            )
        segments = np.zeros((slices, encoded), int)
        segments[one["slice"], one["line"]] = one["segment"]
        echoes = _calibration(path, outside, (slices, coils, trains, samples)) if trains > 1 and len(outside) else None
        shape = slices, coils, depth, encoded, samples
        found.append(Raw(path, given, chosen, shape, one, segments, echoes, noise, (first, after)))
    return found


def _lines(table: np.ndarray) -> np.ndarray:
    return np.unique(table[["slice", "depth", "line"]])


def _calibration(path: Path, table: np.ndarray, shape: tuple[int, int, int, int]) -> np.ndarray:
    found = np.zeros(shape, np.complex64)
    for one, values in _read(path, table[(table["slice"] < shape[0]) & (table["segment"] < shape[2])], shape[1]):
        found[one["slice"], :, one["segment"], one["start"] : one["start"] + values.shape[1]] = values
    return found


def _read(path: Path, table: np.ndarray, coils: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each readout with its samples (coil, sample), in order of position and without the samples to discard."""
    table = np.sort(table, order="row")
    for part in np.split(table, np.flatnonzero(np.diff(table["row"]) != 1) + 1):
        for begin in range(0, len(part), TOGETHER):
            some = part[begin : begin + TOGETHER]
            stored = _part(path, slice(int(some["row"][0]), int(some["row"][-1]) + 1))["data"]
            for one, values in zip(some, stored, strict=True):
                yield one, _samples(values, coils, one, path)


def _samples(values: np.ndarray, coils: int, one: np.ndarray, path: Path) -> np.ndarray:
    if len(values) != 2 * coils * one["samples"]:
        raise VolumeError(
            f"{path}: a readout has {len(values) // 2} samples, but {coils} coils of {one['samples']} samples were "
            "expected; fetch it again"
        )
    found = np.ascontiguousarray(values, np.float32).view(np.complex64).reshape(coils, one["samples"])
    return (found[:, ::-1] if one["reverse"] else found)[:, one["skip"] : one["stop"]]


class Header:
    """Values of an ISMRMRD header by name; raises VolumeError if one is missing."""

    def __init__(self, root: ElementTree.Element, path: Path) -> None:
        self.root = root
        self.path = path

    def text(self, name: str, default: str | None = None) -> str:
        """The text at `name`, e.g. `encoding/encodedSpace/matrixSize/x`."""
        found = self.root.findtext("/".join(f"{{{header.NAMESPACE}}}{part}" for part in name.split("/")), default)
        if found is None:
            raise VolumeError(f"{self.path}: the ISMRMRD header has no {name}; fetch the file again")
        return found

    def number(self, name: str, default: int | None = None) -> int:
        """The integer at `name`."""
        text = self.text(name, None if default is None else str(default))
        try:
            return int(text)
        except ValueError:
            raise VolumeError(f"{self.path}: {name} of the ISMRMRD header is {text!r}, not a whole number") from None

    def limit(self, name: str, which: str = "maximum", default: int = 0) -> int:
        """Limit of a readout counter, e.g. `kspace_encoding_step_1`."""
        return self.number(f"encoding/encodingLimits/{name}/{which}", default)

    def matrix(self, space: str) -> tuple[int, int, int]:
        """Matrix size (x, y, z) of `encodedSpace` or `reconSpace`."""
        x, y, z = (self.number(f"encoding/{space}/matrixSize/{axis}") for axis in "xyz")
        return x, y, z

    @property
    def field_strength(self) -> float:
        """Field strength in tesla; NaN if the header does not state it."""
        text = self.text("acquisitionSystemInformation/systemFieldStrength_T", "nan")
        try:
            return float(text)
        except ValueError:
            raise VolumeError(f"{self.path}: the header's field strength is {text!r}; fetch the file again") from None

    @property
    def parameters(self) -> dict[str, str]:
        """User parameters of any type, as text."""
        space = f"{{{header.NAMESPACE}}}"
        entries = self.root.findall(f"{space}userParameters/*")
        return {entry.findtext(f"{space}name", ""): entry.findtext(f"{space}value", "") for entry in entries}


def _coils(heads: np.ndarray, given: Header) -> int:
    coils = int(heads["active_channels"][0])
    expected = given.number("acquisitionSystemInformation/receiverChannels", coils)
    if (heads["active_channels"] != coils).any() or coils != expected:
        raise VolumeError(f"{given.path}: the header says {expected} coils, but readouts have {coils}; fetch it again")
    return coils
