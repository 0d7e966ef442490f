"""Slices of a distribution's split: simulated, or selected by a rule from files on disk."""

import hashlib
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from mrilib.data.checksums import sampled, verify
from mrilib.data.distribution import Distribution
from mrilib.data.simulated import DATA_VERSION, simulated_slices
from mrilib.data.truth import refuse_under_sampled
from mrilib.data.volumes import VolumeError, inspect_volume
from mrilib.store.paths import data_dir
from mrilib.store.records import note

Source = Literal["simulated", "files"]
Keep = Callable[[Path, int], bool]  # whether to take a slice of a file
SKIP = "MRILIB_SKIP_UNUSABLE"  # variable that, if 1, lets lists go on without the files that cannot be used
NAMED = 5  # of these files, in messages


def in_a_word(source: Source) -> str:
    """One word for the slices of a source, for titles."""
    return "simulated" if source == "simulated" else "measured"


def folder_of(entry: Distribution, split: str) -> Path:
    """Folder of a split's files; raises ValueError if MRILIB_DATA is not set."""
    root = data_dir()
    if root is None:
        raise ValueError(
            "MRILIB_DATA is not set: the files of the paper profile are looked for below it; "
            "set it, or use source: simulated"
        )
    return root / (entry.test_folder if split == "test" else entry.folder)


def list_files(entry: Distribution, split: str) -> list[Path]:
    """Volumes of the split with matching acquisition, k-space width and scanner, sorted by name.

    Raises:
        VolumeError: files of the folder cannot be read, or are of this kind and under-sampled; the message names them.
            If the variable MRILIB_SKIP_UNUSABLE is 1, they are left out with a warning.
    """
    folder, found, faults = folder_of(entry, split), [], {}
    if folder.is_dir():
        note(folder)
    for path in (every := sorted(folder.glob("*.h5"))):
        try:
            info = inspect_volume(path)
            fits = info.acquisition == entry.acquisition and info.shape[-1] == (entry.width or info.shape[-1])
            if fits and info.scanner.lower().startswith(entry.scanner):
                refuse_under_sampled(info)
                found.append(path)
        except (VolumeError, OSError) as error:
            faults[path.name] = str(error)
    if faults:
        _report(faults, len(every), folder)
    return found


def _report(faults: Mapping[str, str], count: int, folder: Path) -> None:
    """Refuse a folder with files that cannot be used, or warn about them if the user has chosen to continue."""
    names = ", ".join([*list(faults)[:NAMED], *([f"and {len(faults) - NAMED} more"] if len(faults) > NAMED else [])])
    counted = f"{folder}: {len(faults)} of {count} files"
    if os.environ.get(SKIP) == "1":
        warnings.warn(f"{counted} left out, as they cannot be used: {names}", stacklevel=3)
        return
    raise VolumeError(
        f"{counted} cannot be used ({names}), and others would take their places; repair them, move them away, or "
        f"continue without them by setting {SKIP}=1. The first error: {next(iter(faults.values()))}"
    )


def middle(slices: int, count: int) -> list[int]:
    """Indices of the `count` middle slices of a volume (fewer if it has fewer), as in paper A's lists."""
    count = min(slices, count)
    start = slices // 2 - count // 2
    return list(range(start, start + count))


def selected(entry: Distribution, split: str, keep: Keep | None = None) -> list[tuple[Path, int]]:
    """All slices selected by the rule and, if given, by `keep`."""
    return [
        (path, index)
        for path in list_files(entry, split)
        for index in middle(inspect_volume(path).slices, entry.slices_per_volume)
        if keep is None or keep(path, index)
    ]


def count_slices(entry: Distribution, split: str) -> tuple[int, str]:
    """Number of slices that the rule finds, and the folder searched (a message if MRILIB_DATA is not set)."""
    if data_dir() is None:
        return 0, "MRILIB_DATA, which is not set"
    return len(selected(entry, split)), str(folder_of(entry, split))


def file_slices(entry: Distribution, split: str, count: int) -> list[tuple[Path, int]]:
    """The first `count` slices selected by the rule; see `taken`."""
    return taken(entry, split, count, selected(entry, split))


def taken(entry: Distribution, split: str, count: int, pairs: Sequence[tuple[Path, int]]) -> list[tuple[Path, int]]:
    """The first `count` of the slices found or, for validation, the last ones of the training folder.

    The slices for validation are in no training list, unless that list takes all slices.

    Raises:
        ValueError: fewer slices than requested; the message says what was searched for and where.
        VolumeError: a file has changed since its checksum was written beside it.
    """
    if len(pairs) < count:
        width = f" with k-space width {entry.width}" if entry.width else ""
        width += f" from a scanner named {entry.scanner}…" if entry.scanner else ""
        raise ValueError(
            f"{entry.title}, {split}: found {len(pairs)} of {count} slices ({entry.acquisition}{width}) "
            f"in {folder_of(entry, split)}"
        )
    found = list(pairs[-count:] if split == "validation" else pairs[:count])
    for path in dict.fromkeys(path for path, _ in found):
        verify(path)
    return found


def slices_of(entry: Distribution, split: str, count: int, source: Source) -> list[tuple[Path, int]]:
    """(path, slice index) pairs of a split from either source; raises ValueError if there are too few."""
    if source not in get_args(Source):
        raise ValueError(f"source {source!r}: expected one of {', '.join(get_args(Source))}")
    return (simulated_slices if source == "simulated" else file_slices)(entry, split, count)


def data_digest(entry: Distribution, split: str, count: int, source: Source) -> str:
    """Digest of a split's content: the simulation's settings, or names and content of the files."""
    if source == "simulated":
        content = f"{DATA_VERSION} {entry.scan} {entry.hardest_of} {split} {count}{entry.population or ''}"
    else:
        content = listed(file_slices(entry, split, count))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def listed(pairs: list[tuple[Path, int]]) -> str:
    """Names and content of the files (see `checksums.sampled`) and slice indices as text, for digests."""
    contents = {path: sampled(path) for path in dict.fromkeys(path for path, _ in pairs)}
    return str([(path.name, contents[path], index) for path, index in pairs])
