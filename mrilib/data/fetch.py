"""What can be fetched on request: verified before it is parsed, complete or not there."""

from difflib import get_close_matches
from pathlib import Path
from typing import Protocol

from mrilib.data.brain_vfa import BRAIN_VFA
from mrilib.data.download import FetchError, Progress
from mrilib.data.perceptual_weights import PERCEPTUAL
from mrilib.store.paths import cache_dir, data_dir, publish_folder, scratch_folder

__all__ = ["DATASETS", "Dataset", "FetchError", "get", "locate"]


class Dataset(Protocol):
    """What something to fetch is, and how its folder is made."""

    @property
    def description(self) -> str: ...
    @property
    def licence(self) -> str: ...
    @property
    def source_name(self) -> str: ...
    @property
    def size(self) -> int:
        """Bytes to download."""

    def is_complete(self, folder: Path) -> bool:
        """Whether a folder is the finished set."""

    def make(self, source: Path | None, scratch: Path, finished: Path, progress: Progress | None) -> None:
        """Write the set into `finished`, from `source` or downloaded to `scratch`."""


DATASETS: dict[str, Dataset] = {"brain-vfa": BRAIN_VFA, "perceptual": PERCEPTUAL}


def locate(name: str) -> Path | None:
    """The folder of a fetched set, below MRILIB_DATA or in the cache; None when it is not there.

    Raises:
        FetchError: no set of that name.
    """
    dataset = _named(name)
    places = (folder / name for folder in _roots())
    return next((place for place in places if dataset.is_complete(place)), None)


def get(name: str, source: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of a data set, fetched and converted first when it is not there yet.

    Args:
        name: one of `DATASETS`.
        source: a copy that is already here (an archive, or a form that the set names) instead of a download.
        progress: called with bytes done and bytes in all.

    Raises:
        FetchError: unknown name; nothing reached; other content than the pinned one; nowhere to write.
    """
    dataset, present = _named(name), locate(name)
    if present:
        return present
    target = _roots()[0] / name
    if target.exists():
        raise FetchError(f"{target}: exists but is not the complete set; move it away and run this again")
    try:
        with scratch_folder(target) as scratch:
            finished = scratch / "volumes"
            finished.mkdir()
            dataset.make(None if source is None else Path(source), scratch, finished, progress)
            publish_folder(finished, target)
    except FetchError:
        raise
    except ValueError as error:
        raise FetchError(f"{name}: {error}") from error
    except OSError as error:
        place = "MRILIB_DATA or MRILIB_CACHE name the place"
        raise FetchError(f"{target}: {error.strerror or error}; nothing was kept ({place})") from error
    return target


def _roots() -> list[Path]:
    """Where sets are looked for; they are written to the first."""
    given = data_dir()
    return [*([given] if given else []), cache_dir() / "data"]


def _named(name: str) -> Dataset:
    if name not in DATASETS:
        near = get_close_matches(name, DATASETS, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise FetchError(f"no data set {name!r}{hint} (known: {', '.join(DATASETS)})")
    return DATASETS[name]
