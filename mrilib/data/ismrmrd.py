"""Raw scanner data in the ISMRMRD format, sorted into an array."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import numpy as np

from mrilib.data import header
from mrilib.data.layout import VolumeError, opened

GROUP = "dataset"
# Flags (counted from 1) of readouts that are no part of the image: noise, navigator, two kinds of feedback, dummy.
NOT_IMAGING = sum(1 << (flag - 1) for flag in (19, 23, 26, 27, 28))
COUNTERS = ("average", "contrast", "phase", "repetition", "set")  # of which a scan may have one value only


@dataclass(frozen=True)
class Raw:
    """One scan, with readouts sorted into an array.

    Args:
        kspace: (slice, coil, kz, ky, readout) complex64, as measured; zero elsewhere.
        segments: (slice, ky) echo number within the train; all 0 without echo trains.
        calibration: (slice, coil, segment, readout) readouts without phase encoding, one per echo; None if absent.
        noise: (coil,) noise standard deviation of each coil; None if the file does not state it.
        recon_size: (y, x) with y along the readout.
        columns: first measured column of the encoded matrix and first column after the measured ones.
        vendor, field_strength: of the scanner, from the header.
        parameters: user parameters of the header.
    """

    kspace: np.ndarray
    segments: np.ndarray
    calibration: np.ndarray | None
    noise: np.ndarray | None
    recon_size: tuple[int, int]
    columns: tuple[int, int]
    vendor: str
    field_strength: float
    parameters: dict[str, str]


def is_raw(path: Path) -> bool:
    """Return whether a file has the ISMRMRD layout: a group with readouts and a header."""
    with opened(path) as file:
        return is_raw_group(file)


def read_raw(path: Path) -> Raw:
    """Read a whole scan.

    Raises:
        VolumeError: not an ISMRMRD file, a truncated file, or a header that lacks a number or contradicts the readouts.
    """
    with opened(path) as file:
        if not is_raw_group(file):
            raise VolumeError(f"{path}: no ISMRMRD data; expected the group `{GROUP}` with `xml` and `data`")
        described = Header(header.root(file[GROUP]["xml"][0], path), path)
        noise = np.asarray(file[GROUP]["rec_std"][0], np.float32) if "rec_std" in file[GROUP] else None
        heads, readouts = file[GROUP]["data"]["head"], file[GROUP]["data"]["data"]
    imaging = (heads["flags"] & NOT_IMAGING) == 0
    return sort_readouts(heads[imaging], readouts[imaging], described, noise, path)


def check_single(path: Path) -> None:
    """Raise VolumeError if a scan has several averages, contrasts or the like, which would overwrite one another."""
    with opened(path) as file:
        heads = file[GROUP]["data"]["head"]
    imaging = heads["idx"][(heads["flags"] & NOT_IMAGING) == 0]
    several = [name for name in COUNTERS if len(np.unique(imaging[name])) > 1]
    if several:
        raise VolumeError(f"{path}: more than one {', '.join(several)}; write one of them to a file of its own")


def is_raw_group(file: h5py.File) -> bool:
    return isinstance(file.get(GROUP), h5py.Group) and {"data", "xml"} <= set(file[GROUP])


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
    def parameters(self) -> dict[str, str]:
        """User parameters of any type, as text."""
        space = f"{{{header.NAMESPACE}}}"
        entries = self.root.findall(f"{space}userParameters/*")
        return {entry.findtext(f"{space}name", ""): entry.findtext(f"{space}value", "") for entry in entries}


def sort_readouts(heads: np.ndarray, readouts: np.ndarray, given: Header, noise: np.ndarray | None, path: Path) -> Raw:
    """Put every readout at the slice, ky and kz given in its acquisition header."""
    if not len(heads):
        raise VolumeError(f"{path}: the file holds no readout; it may have been cut short, fetch it again")
    (samples, encoded, depth), coils = given.matrix("encodedSpace"), _coils(heads, given)
    places: Any = heads["idx"]
    slices = int(places["slice"].max()) + 1
    first = encoded // 2 - given.limit("kspace_encoding_step_1", "center")
    after = min(
        first + given.limit("kspace_encoding_step_1") + 1, encoded
    )  # some headers give the number of lines, not the last
    lines = places["kspace_encode_step_1"].astype(int) + first
    depths = places["kspace_encode_step_2"].astype(int)
    kspace = np.zeros((slices, coils, max(depth, 1), encoded, samples), np.complex64)
    segments = np.zeros((slices, encoded), int)
    calibrating = lines >= after
    trains = given.limit("segment") + 1
    calibration = np.zeros((slices, coils, trains, samples), np.complex64) if trains > 1 and calibrating.any() else None
    for place, line, deep, one in zip(places, lines, depths, readouts, strict=True):
        values = _complex(one, coils, samples, path)
        if line >= after:
            if calibration is not None:
                calibration[place["slice"], :, place["segment"]] = values
            continue
        if line < 0 or deep >= kspace.shape[2]:
            raise VolumeError(
                f"{path}: a readout at ky {line}, kz {deep} lies outside the header's matrix; fetch it again"
            )
        kspace[place["slice"], :, deep, line] = values
        segments[place["slice"], line] = place["segment"]
    x, y, _ = given.matrix("reconSpace")
    vendor = given.text("acquisitionSystemInformation/systemVendor", "")
    strength = float(given.text("acquisitionSystemInformation/systemFieldStrength_T", "nan"))
    columns = (first, after)
    return Raw(kspace, segments, calibration, noise, (x, y), columns, vendor, strength, given.parameters)


def _coils(heads: np.ndarray, given: Header) -> int:
    coils = int(heads["active_channels"][0])
    expected = given.number("acquisitionSystemInformation/receiverChannels", coils)
    if (heads["active_channels"] != coils).any() or coils != expected:
        raise VolumeError(f"{given.path}: the header says {expected} coils, its readouts have {coils}; fetch it again")
    return coils


def _complex(values: np.ndarray, coils: int, samples: int, path: Path) -> np.ndarray:
    if len(values) != 2 * coils * samples:
        raise VolumeError(
            f"{path}: a readout of {len(values) // 2} samples, not {coils} coils of {samples}; fetch it again"
        )
    return np.ascontiguousarray(values, np.float32).view(np.complex64).reshape(coils, samples)
