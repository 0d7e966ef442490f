"""Heads with and without lesions, and boxes around the lesions: simulated, or fastMRI's files with fastMRI+'s csv."""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from mrilib.data.annotations import Annotations, Region, read_annotations
from mrilib.data.catalogue import distribution
from mrilib.data.simulated import LESIONS, SPLITS
from mrilib.data.sources import Source, count_slices, data_digest, folder_of, listed, selected, slices_of, taken
from mrilib.data.twins import DISEASED, HEALTHY
from mrilib.data.volumes import inspect_volume, read_slice
from mrilib.store.paths import data_dir


@dataclass(frozen=True)
class Heads:
    """Slices of the populations `twins.HEALTHY` and `twins.DISEASED` in a source.

    In files, all slices of volumes that fastMRI+ labels as normal for age count as healthy, and slices with a box count
    as diseased (Lin, Heckel, ICML 2024, §5).

    Args:
        source: "simulated" or "files".
        annotations: path of fastMRI+'s csv; required for files.
    """

    source: Source = "simulated"
    annotations: str = ""

    def pairs(self, name: str, split: str, count: int) -> list[tuple[Path, int]]:
        """The first `count` slices of a population's split.

        Raises:
            ValueError: too few slices, or files without a csv.
            AnnotationError: the csv cannot be used.
        """
        if self.source != "files":
            return slices_of(distribution(name), split, count, self.source)
        return taken(distribution(name), split, count, _file_pairs(name, split, self._marks()))

    def count(self, name: str, split: str) -> tuple[int, str]:
        """Number of slices found in files, and the folder searched, or a description of it if it is unknown."""
        if not self.annotations:
            return 0, "the files of fastMRI+'s brain.csv, which `annotations` does not name"
        if data_dir() is None:
            return count_slices(distribution(name), split)
        return len(_file_pairs(name, split, self._marks())), str(folder_of(distribution(name), split))

    def available(self, name: str, split: str) -> int:
        """Largest number of slices available: those found in files, or the size of the simulated split."""
        known = self.source == "files" and self.annotations and data_dir()
        return self.count(name, split)[0] if known else len(SPLITS[split])

    def digest(self, name: str, split: str, count: int) -> str:
        """Digest of the slices and, for files, of the csv."""
        if self.source != "files":
            return data_digest(distribution(name), split, count, self.source)
        content = listed(self.pairs(name, split, count)).encode() + Path(self.annotations).read_bytes()
        return hashlib.sha256(content).hexdigest()[:16]

    def boxes(self, path: Path, index: int) -> list[Region]:
        """Rows and columns of the lesions on a slice; empty for a healthy slice."""
        if self.source == "files":
            return self._marks().boxes(inspect_volume(path), index)
        if not any(path.name.startswith(f"file_sim_{entry.name}_") for entry in DISEASED):
            return []
        ends = read_slice(path, index, (LESIONS,)).extras[LESIONS].tolist()
        return [(slice(top, bottom), slice(left, right)) for top, bottom, left, right in ends]

    def _marks(self) -> Annotations:
        if not self.annotations:
            raise ValueError("annotations: files need fastMRI+'s brain.csv, which states whose heads are healthy")
        csv = Path(self.annotations)
        changed = csv.stat().st_mtime_ns if csv.exists() else 0
        return _checked(csv, changed, tuple(folder_of(HEALTHY[0], split) for split in ("train", "test")))


@cache  # reads the headers of thousands of files
def _file_pairs(name: str, split: str, marks: Annotations) -> tuple[tuple[Path, int], ...]:
    keep = marks.has_box if distribution(name) in DISEASED else lambda path, _: marks.is_healthy(path)
    return tuple(selected(distribution(name), split, keep))


@cache
def _checked(csv: Path, _changed: int, folders: tuple[Path, ...]) -> Annotations:
    """Read annotations (again if the file has changed) and check that each row's slice is in one of the folders."""
    found = read_annotations(csv)
    paths = [folder / f"{name}.h5" for name in found.files for folder in folders]
    found.check({path.stem: inspect_volume(path) for path in paths if path.exists()})
    return found
