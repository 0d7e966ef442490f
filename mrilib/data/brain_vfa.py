"""Conversion of the real 13-coil brain to volumes, from the package's archive, the file in it, or the array form."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from mrilib.data.archives import download, verify
from mrilib.data.checksums import checksum_of
from mrilib.data.checksums import verify as verify_volume
from mrilib.data.convert import FlipAngleSeries, extract_member, read_arrays, read_hdf5, write_flip_angles
from mrilib.data.download import FetchError, Progress
from mrilib.data.layout import VolumeError, dataset, opened

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
    volumes: Mapping[str, str]  # files of the finished folder, and the sha256 of the k-space in each

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the finished files."""
        return tuple(self.volumes)

    def fault(self, folder: Path, afresh: bool) -> str | None:
        """What is wrong with a folder, or None if it holds all volumes as they were written."""
        try:
            for name, expected in self.volumes.items():
                path = folder / name
                verify_volume(path, afresh)
                if (afresh or checksum_of(path) is None) and (found := _content(path)) != expected:
                    return f"{path}: its k-space has sha256 {found[:16]}…, expected {expected[:16]}…"
        except (VolumeError, OSError) as error:
            return str(error)
        return None

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
                raise FetchError(f"{meta}: no such file; the .npy form needs this file beside it")
            verify(meta, self.sha256[".npz"])
            return read_arrays(source, meta)
        if form == ".tar.gz":
            member = scratch / "member.h5"
            extract_member(source, self.member, member)
            return read_hdf5(member)
        return read_hdf5(source)


def _content(path: Path) -> str:
    """SHA-256 of a volume's k-space; the conversion only moves and negates values, so it is always the same."""
    with opened(path) as file:
        return sha256(dataset(file, path, "kspace")[()].astype("<c8").tobytes()).hexdigest()


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
    volumes={
        "file_brain_vfa_FA01.h5": "68a1271c6427ef4dfd21ba0ad8b33024aac1bd6c78162f5019abf0f4312ffa7e",
        "file_brain_vfa_FA03.h5": "193f4ce2a76d1abf725c48f6f0d25fe8ce28afb9fcee5f90765e9eeba365fde9",
        "file_brain_vfa_FA05.h5": "997259a6aa89a3e3790efba7457ec2acf8debceee64f7b5380791279c6622a49",
        "file_brain_vfa_FA07.h5": "4616e8c7729b1be61ca3c18574bf5c92622f1f1ceec1bb7f3f5f3e6d67cc33fc",
        "file_brain_vfa_FA09.h5": "988781401edc071fd0d70064cee91230bdb2bc7288f4e6a4682106c4637df499",
        "file_brain_vfa_FA11.h5": "bb8c7c9c8ac6f5feb1df54fbaea903abc1e8b2b6986641e0551cd41772132dac",
        "file_brain_vfa_FA13.h5": "ee4a1d9174969bc35730c5e391835dcaa7a3d6f6b6c376e9a28bb1da8247fb2e",
        "file_brain_vfa_FA15.h5": "13faef4df567b444c40860365f1692ef6cdec1e579921c77ddb9098a092e0bdd",
        "file_brain_vfa_FA17.h5": "916e996ab9966915f4fe252cc5b6905fa7fcc0532f56fc9bccce92f35c3fba2e",
        "file_brain_vfa_FA19.h5": "eb2d71be763d6cc8f32d33c6394fae4244861e90f38aa605e4839570161d2c62",
    },
)
