"""The 17 datasets of paper B: contents, published formats, slice selection and splits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mrilib.data.formats import FORMATS

TRAIN_SHARE = 0.85


@dataclass(frozen=True)
class Part:
    """Number of volumes and slices on one side of a split."""

    volumes: int
    slices: int


@dataclass(frozen=True)
class Collection:
    """One row of paper B's Table 1, with the numbers of slices in its published lists.

    Args:
        title, anatomy, view, contrast, vendor, field, coils: as in Table 1; field in tesla.
        format: format of the published files, a key of `formats.FORMATS`.
        train, test: numbers of volumes and slices.
        depth: number of slices of a native volume in this view, if all have the same number.
        in_training: whether it is one of the 13 datasets of D_P; the other four are used for testing only.
    """

    title: str
    anatomy: str
    view: str
    contrast: str
    vendor: str
    field: str
    coils: str
    format: str
    train: Part
    test: Part
    depth: int | None = None
    in_training: bool = True

    @property
    def dropped(self) -> tuple[int, int]:
        """Numbers of slices left out at the start and at the end of each volume because they contain no anatomy."""
        return FORMATS[self.format].dropped.get(self.view, (0, 0))

    @property
    def slices_of(self) -> int | None:
        """Number of slices taken from each volume, if all have the same number."""
        return None if self.depth is None else self.depth - sum(self.dropped)


def _stanford_3d(view: str, depth: int, train: int, test: int) -> Collection:
    numbers = Part(15, train), Part(4, test)
    return Collection("Stanford 3D", "knee", view, "PDFS", "GE", "3", "8", "stanford_3d", *numbers, depth)


def _seven_tesla(view: str, depth: int, train: int, test: int) -> Collection:
    numbers = Part(345, train), Part(40, test)
    return Collection("7T database", "brain", view, "MP2RAGE-ME", "Philips", "7", "32", "7t", *numbers, depth)


def _cc_359(view: str, depth: int | None, train: int, test: int, in_training: bool = True) -> Collection:
    numbers = Part(47, train), Part(20, test)
    return Collection("CC-359", "brain", view, "GRE", "GE", "3", "12", "cc_359", *numbers, depth, in_training)


COLLECTIONS: dict[str, Collection] = {
    "fastmri_knee": Collection(
        "fastMRI knee", "knee", "coronal", "PD, PDFS", "Siemens", "1.5, 3", "15", "fastmri",
        Part(973, 34_742), Part(199, 7_135),
    ),
    "fastmri_brain": Collection(
        "fastMRI brain", "brain", "axial", "T1, T1POST, T2, FLAIR", "Siemens", "1.5, 3", "4-20", "fastmri",
        Part(5_847, 92_590), Part(558, 8_852),
    ),
    "fastmri_prostate": Collection(
        "fastMRI prostate", "prostate", "axial", "T2", "Siemens", "3", "10-30", "prostate",
        Part(266, 8_109), Part(46, 1_399),
    ),
    "m4raw": Collection(
        "M4Raw", "brain", "axial", "T1, T2, FLAIR", "XGY", "0.3", "4", "m4raw",
        Part(1_024, 18_432), Part(400, 7_200), 18,
    ),
    "skm_tea": Collection(
        "SKM-TEA", "knee", "sagittal", "qDESS", "GE", "3", "8, 16", "skm_tea",
        Part(238, 38_080), Part(72, 11_480),
    ),
    "stanford_3d_axial": _stanford_3d("axial", 320, 4_650, 1_240),
    "stanford_3d_coronal": _stanford_3d("coronal", 320, 3_600, 960),
    "stanford_3d_sagittal": _stanford_3d("sagittal", 256, 2_940, 784),
    "7t_axial": _seven_tesla("axial", 292, 52_440, 6_080),
    "7t_coronal": _seven_tesla("coronal", 290, 79_350, 9_200),
    "7t_sagittal": _seven_tesla("sagittal", 234, 60_030, 6_960),
    "cc_359_axial": _cc_359("axial", 256, 9_682, 4_120),
    "cc_359_coronal": _cc_359("coronal", 218, 8_366, 3_560),
    "cc_359_sagittal": _cc_359("sagittal", None, 6_650, 2_840, in_training=False),
    "stanford_2d": Collection(
        "Stanford 2D", "various", "various", "various", "GE", "3", "3-32", "stanford_2d",
        Part(72, 1_699), Part(17, 338), in_training=False,
    ),
    "nyu": Collection(
        "NYU data", "knee", "various", "PD, PDFS, T2FS", "Siemens", "3", "15", "nyu",
        Part(78, 2_799), Part(20, 734), in_training=False,
    ),
    "m4raw_gre": Collection(
        "M4Raw GRE", "brain", "axial", "GRE", "XGY", "0.3", "4", "m4raw_gre",
        Part(306, 5_508), Part(60, 1_080), 18, False,
    ),
}  # fmt: skip


def split_subjects(subjects: Sequence[str], seed: int, share: float = TRAIN_SHARE) -> tuple[list[int], list[int]]:
    """Indices of training and test volumes for a dataset published without a split; no subject is in both.

    Whole subjects are drawn until round(share · volumes) volumes are reached or exceeded.

    Args:
        subjects: subject of each volume, in any order; the split does not depend on the order.
        seed: seed for the draw.
        share: fraction of the volumes used for training.

    Raises:
        ValueError: fewer than two subjects, so that one side would be empty.

    Reference: Lin, Heckel, ICML 2024, App. G.1 (85 % of the volumes).
    """
    names = sorted(set(subjects))
    if len(names) < 2:
        raise ValueError(f"{len(names)} subjects cannot be split; at least 2 are needed")
    wanted, training = round(share * len(subjects)), set[str]()
    for name in np.random.default_rng(seed).permutation(names)[:-1]:
        if sum(subject in training for subject in subjects) >= wanted:
            break
        training.add(str(name))
    sides = [subject in training for subject in subjects]
    return [n for n, inside in enumerate(sides) if inside], [n for n, inside in enumerate(sides) if not inside]
