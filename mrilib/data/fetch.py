"""Data sets that can be fetched on request: verified before parsing, and stored completely or not at all."""

import warnings
from collections.abc import Iterator
from difflib import get_close_matches
from itertools import count
from pathlib import Path
from typing import Protocol

from mrilib.data.brain_vfa import BRAIN_VFA
from mrilib.data.download import FetchError, Progress
from mrilib.data.perceptual_weights import PERCEPTUAL
from mrilib.store.paths import cache_dir, data_dir, publish, publish_first, scratch_folder
from mrilib.store.records import FETCHED
from mrilib.store.sealed import beside

__all__ = ["DATASETS", "Dataset", "FetchError", "get", "locate"]


class Dataset(Protocol):
    """A data set to fetch, and how its folder is created."""

    @property
    def description(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def source_name(self) -> str: ...
    @property
    def size(self) -> int:
        """Download size in bytes."""

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the finished files, which have checksums beside them."""

    def fault(self, folder: Path, afresh: bool) -> str | None:
        """What is wrong with a folder, or None if it holds the finished set; `afresh` also hashes unchanged files."""

    def make(self, source: Path | None, scratch: Path, finished: Path, progress: Progress | None) -> None:
        """Write the set to `finished`, from `source` or after downloading it to `scratch`."""


DATASETS: dict[str, Dataset] = {"brain-vfa": BRAIN_VFA, "perceptual": PERCEPTUAL}


def locate(name: str) -> Path | None:
    """Folder of a fetched set, below MRILIB_DATA or in the cache, or None if it is in neither.

    Raises:
        FetchError: unknown name.
    """
    dataset = _named(name)
    places = (folder / name for folder in _roots())
    return next((place for place in places if place.is_dir() and dataset.fault(place, False) is None), None)


def examined(name: str) -> tuple[Path | None, str]:
    """Folder of a fetched set after verifying every byte, or None; and a message about the set.

    Raises:
        FetchError: unknown name.
    """
    dataset, faults = _named(name), []
    for place in (folder / name for folder in _roots()):
        if place.is_dir():
            if (fault := dataset.fault(place, True)) is None:
                return place, str(place)
            faults.append(fault)
    return None, f"damaged: {faults[0]}" if faults else "not fetched"


def fetched(name: str) -> Path:
    """Folder of a set that has been fetched.

    Raises:
        FetchError: unknown name, or the set has not been fetched; the message gives the command to run.
    """
    if (folder := locate(name)) is None:
        raise FetchError(f"{name} has not been fetched; run: mrilib data get {name}")
    return folder


def get(name: str, source: Path | None = None, progress: Progress | None = None) -> Path:
    """Folder of a data set, which is fetched and converted first if necessary; a damaged copy is set aside.

    Args:
        name: one of `DATASETS`.
        source: a local copy to use instead of a download (an archive, or another form that the set accepts).
        progress: called with the bytes done and the total bytes.

    Raises:
        FetchError: unknown name, failed download, content that is not the pinned content, or failure to write.
    """
    dataset = _named(name)
    present, state = examined(name)
    if present:
        return present
    target = _roots()[0] / name
    if target.exists() and not _is_ours(target, dataset):
        raise FetchError(f"{target}: exists but is not the complete set ({state}); move it away and run this again")
    try:
        with scratch_folder(target) as scratch:
            finished = scratch / "volumes"
            finished.mkdir()
            dataset.make(None if source is None else Path(source), scratch, finished, progress)
            if target.exists() and (fault := dataset.fault(target, True)):
                aside = next(path for path in _aside(target) if not path.exists())
                publish(finished, target, aside)
                warnings.warn(f"{fault}; the set was made again, and the damaged one is kept as {aside}", stacklevel=2)
            else:
                publish_first(finished, target)
    except FetchError:
        raise
    except ValueError as error:
        raise FetchError(f"{name}: {error}") from error
    except OSError as error:
        place = "MRILIB_DATA or MRILIB_CACHE sets the folder"
        raise FetchError(f"{target}: {error.strerror or error}; nothing was kept ({place})") from error
    return target


def _is_ours(folder: Path, dataset: Dataset) -> bool:
    """Whether a folder contains only files of the set, which may be damaged."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else {""}
    return names <= {*dataset.files, *(beside(Path(name)).name for name in dataset.files)}


def _aside(target: Path) -> Iterator[Path]:
    return (target.with_name(f"{target.name}.damaged{number}") for number in count(1))


def _roots() -> list[Path]:
    """Folders in which to look for sets; new sets are written to the first."""
    given = data_dir()
    return [*([given] if given else []), cache_dir() / FETCHED]


def _named(name: str) -> Dataset:
    if name not in DATASETS:
        near = get_close_matches(name, DATASETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FetchError(f"no dataset {name!r}{hint} (known: {', '.join(DATASETS)})")
    return DATASETS[name]
