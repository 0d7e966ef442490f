"""Real data sets that can be fetched on request: verified before they are parsed, complete or not there."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from mrilib.data.convert import FlipAngleSeries, extract_member, read_arrays, read_hdf5, write_flip_angles
from mrilib.data.download import FetchError, Progress, fetch_file
from mrilib.data.paths import cache_dir, data_dir, publish_folder, scratch_folder
from mrilib.data.volumes import digest

__all__ = ["DATASETS", "Dataset", "FetchError", "get", "locate"]


@dataclass(frozen=True)
class Dataset:
    """What a data set is, where it comes from, and the content it must have."""

    description: str
    licence: str
    source_name: str
    project: str  # on the package index
    archive: str  # file of that project
    size: int  # of the archive, bytes
    member: str  # the one file wanted from the archive
    sha256: Mapping[str, str]  # by form: .tar.gz, .h5 (the member), .npy and .npz (as arrays)
    volumes: int  # files in the finished folder


DATASETS: dict[str, Dataset] = {
    "brain-vfa": Dataset(
        description="fully sampled 13-coil brain, one slice, spoiled gradient echo at 10 flip angles (one volunteer)",
        licence="Apache-2.0 (stated by the package)",
        source_name="the Python package index (pyqmri 1.3.0)",
        project="pyqmri",
        archive="pyqmri-1.3.0.tar.gz",
        size=86_466_487,
        member="pyqmri-1.3.0/test/VFA_cart_smalltest.h5",
        sha256={
            ".tar.gz": "36d015a999ca0f3f46e078444cbb928b8471049d2d2d8ae88afd122561f76642",
            ".h5": "336d6557ebb2ab7e7d750422992b07b76278d6795d4b0de6513c28e23d10a573",
            ".npy": "2cbf1b0bf5561d9856fa0fd88991622a4a1cab63baccf9d9377753803c3a2e43",
            ".npz": "66982cc7f5b078abd787daa61cb18e5a1a5ca79e024e7477dbb2d5e8b96b9a96",
        },
        volumes=10,
    )
}
META = "pyqmri_vfa_brain_meta.npz"  # lies beside the .npy form


def locate(name: str) -> Path | None:
    """The folder of a fetched set, below MRILIB_DATA or in the cache; None when it is not there.

    Raises:
        FetchError: no set of that name.
    """
    dataset = _named(name)
    places = (folder / name for folder in _roots())
    return next((place for place in places if _is_complete(place, dataset)), None)


def get(name: str, source: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of a data set's volumes, fetched and converted first when it is not there yet.

    Args:
        name: one of `DATASETS`.
        source: a copy that is already here (archive, its member, or the array form) instead of a download.
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
        _make(dataset, target, source, progress)
    except FetchError:
        raise
    except ValueError as error:
        raise FetchError(f"{name}: {error}") from error
    except OSError as error:
        place = "MRILIB_DATA or MRILIB_CACHE name the place"
        raise FetchError(f"{target}: {error.strerror or error}; nothing was kept ({place})") from error
    return target


def _make(dataset: Dataset, target: Path, source: Path | None, progress: Progress | None) -> None:
    with scratch_folder(target) as scratch:
        finished = scratch / "volumes"
        finished.mkdir()
        _convert(dataset, _source(dataset, scratch, source, progress), scratch, finished)
        publish_folder(finished, target)


def _source(dataset: Dataset, scratch: Path, source: Path | None, progress: Progress | None) -> Path:
    """The given copy, or the archive, downloaded."""
    if source is not None:
        source = Path(source)
        if not source.is_file():
            raise FetchError(f"{source}: no such file; --source takes {dataset.archive} or what it contains")
        return source
    archive = scratch / dataset.archive
    try:
        fetch_file(dataset.project, dataset.archive, dataset.size, archive, progress)
    except FetchError as error:
        advice = f"connect, or get {dataset.archive} of {dataset.source_name} elsewhere and give it with --source FILE"
        raise FetchError(f"{dataset.archive} could not be downloaded ({error}); {advice}") from error
    return archive


def _convert(dataset: Dataset, source: Path, scratch: Path, finished: Path) -> None:
    """Verify, then read, then write; volumes are the same bytes whichever form `source` has."""
    form = next((form for form in (".tar.gz", ".h5", ".npy") if source.name.endswith(form)), None)
    if form is None:
        raise FetchError(f"{source}: expected {dataset.archive}, its member {dataset.member}, or the .npy form")
    _verify(source, dataset.sha256[form])
    series = _read(dataset, source, form, scratch)
    attributes = {"source": f"{dataset.archive}: {dataset.member}", "source_sha256": dataset.sha256[".tar.gz"]}
    attributes |= {"licence": dataset.licence, "name": dataset.description}
    write_flip_angles(series, finished, {**attributes, "simulated": False})


def _read(dataset: Dataset, source: Path, form: str, scratch: Path) -> FlipAngleSeries:
    if form == ".npy":
        meta = source.with_name(META)
        if not meta.is_file():
            raise FetchError(f"{meta}: no such file; the .npy form needs it beside it")
        _verify(meta, dataset.sha256[".npz"])
        return read_arrays(source, meta)
    if form == ".tar.gz":
        member = scratch / "member.h5"
        extract_member(source, dataset.member, member)
        return read_hdf5(member)
    return read_hdf5(source)


def _verify(path: Path, expected: str) -> None:
    """Nothing is parsed whose content is not the pinned one."""
    found = digest(path)
    if found != expected:
        raise FetchError(
            f"{path.name}: sha256 is {found[:16]}…, expected {expected[:16]}…; "
            "the copy is damaged or another version: get it again"
        )


def _is_complete(folder: Path, dataset: Dataset) -> bool:
    return folder.is_dir() and len(list(folder.glob("*.h5"))) == dataset.volumes


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
