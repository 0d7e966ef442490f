"""fastMRI+: radiologists' boxes and study-level labels for fastMRI's files, read from its csv."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mrilib.data.volumes import VolumeInfo
from mrilib.store.records import note

Region = tuple[slice, slice]  # rows, columns
COLUMNS = ("file", "slice", "study_level", "x", "y", "width", "height", "label")
NORMAL = "Normal for age"  # study-level label by which paper B selects healthy heads


class AnnotationError(ValueError):
    """An annotation file cannot be read, or does not fit the volumes with which it is used."""


@dataclass(frozen=True)
class Annotation:
    """One row: a box on a slice, or, without a box, a label of a whole volume."""

    line: int
    file: str  # name of the volume without its suffix
    slice: int
    label: str
    box: tuple[int, int, int, int] | None  # x, y, width, height on the vertically flipped image


@dataclass(frozen=True, eq=False)
class Annotations:
    """All rows of a csv; compared by identity."""

    path: Path
    rows: tuple[Annotation, ...]

    @cached_property
    def files(self) -> dict[str, list[Annotation]]:
        """Rows by volume."""
        found: dict[str, list[Annotation]] = {}
        for row in self.rows:
            found.setdefault(row.file, []).append(row)
        return found

    def is_healthy(self, path: Path) -> bool:
        """Return whether the whole volume is labelled as normal for the patient's age."""
        return any(row.box is None and row.label == NORMAL for row in self.files.get(path.stem, []))

    def has_box(self, path: Path, index: int) -> bool:
        """Return whether a slice has a box."""
        return any(row.box is not None and row.slice == index for row in self.files.get(path.stem, []))

    def boxes(self, info: VolumeInfo, index: int) -> list[Region]:
        """Rows and columns of every box on a slice, in the image as stored in the file.

        The boxes of fastMRI+ were drawn on vertically flipped images: rows = H − y − height to H − y.

        Raises:
            AnnotationError: a box extends outside the image.
        """
        rows = [row for row in self.files.get(info.path.stem, []) if row.slice == index and row.box is not None]
        return [self._region(row, info.recon_size) for row in rows]

    def _region(self, row: Annotation, size: tuple[int, int]) -> Region:
        x, y, width, height = row.box or (0, 0, 0, 0)
        if x + width > size[1] or y + height > size[0]:
            where = f"x {x} to {x + width}, y {y} to {y + height}"
            raise AnnotationError(f"{self._at(row)}: the box ({where}) reaches outside the {size[0]}x{size[1]} image")
        bottom = size[0] - y
        return slice(bottom - height, bottom), slice(x, x + width)

    def check(self, volumes: Mapping[str, VolumeInfo]) -> None:
        """Check that every row refers to an existing slice.

        Args:
            volumes: all volumes that the csv may refer to, by name without suffix.

        Raises:
            AnnotationError: a file or a slice does not exist; the message names the line.
        """
        for row in self.rows:
            if row.file not in volumes:
                raise AnnotationError(f"{self._at(row)}: no volume {row.file}.h5 below MRILIB_DATA")
            if row.slice >= volumes[row.file].slices:
                there = f"the volume has slices 0 to {volumes[row.file].slices - 1}"
                raise AnnotationError(f"{self._at(row)}: {row.file} has no slice {row.slice}; {there}")

    def _at(self, row: Annotation) -> str:
        return f"annotations {self.path}, line {row.line}"


def read_annotations(path: Path) -> Annotations:
    """Read a csv with the columns of fastMRI+: file, slice, study_level, x, y, width, height, label.

    Raises:
        AnnotationError: the file or a column is missing, or a number is invalid; the message names the line.

    Reference: Zhao et al., fastMRI+, Scientific Data 2022.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or [])]
            if missing:
                names = ", ".join(missing)
                raise AnnotationError(f"annotations {path}: no column {names}; expected {','.join(COLUMNS)}")
            found = Annotations(path, tuple(_row(path, reader.line_num, row) for row in reader))
        note(path)
        return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AnnotationError(f"annotations {path}: cannot be read ({error})") from error


def _row(path: Path, line: int, row: dict[str, str | None]) -> Annotation:
    def whole(name: str, least: int) -> int:
        text = (row[name] or "").strip()
        if not text.isdecimal() or int(text) < least:
            raise AnnotationError(
                f"annotations {path}, line {line}: {name} is {text!r}; expected a whole number of at least {least}"
            )
        return int(text)

    study = (row["study_level"] or "").strip().lower()
    if study not in ("yes", "no"):
        raise AnnotationError(f"annotations {path}, line {line}: study_level is {study!r}; expected Yes or No")
    box = None if study == "yes" else (whole("x", 0), whole("y", 0), whole("width", 1), whole("height", 1))
    name = (row["file"] or "").strip().removesuffix(".h5")
    return Annotation(line, name, whole("slice", 0), (row["label"] or "").strip(), box)
