"""Catalogue of the distributions and of the pairs that make up paper A's shifts; `twins` has paper B's distributions.

The scans of both sides of the dataset shift are those of `twins`: planes through one 3-D model of a knee, of different
patients. fastMRI's slices are coronal and thick, from 15 coils. Stanford's volumes (Epperson et al., ISMRM Workshop on
Data Sampling, 2013) were acquired for sagittal views; the slices in paper A's lists, 320 × 320 and numbered 63 to 189
of 256, are sagittal and thin, from 8 coils.

Noise levels are chosen to match scanners (background divided by the 95th percentile of the image: 0.08–0.23 on the real
13-coil brain).
"""

from dataclasses import dataclass, replace
from typing import TypeVar

from mrilib.data.distribution import Distribution
from mrilib.data.twins import DISEASED, PARTS
from mrilib.simulate.acquisition import Scan
from mrilib.simulate.sequences import Sequence
from mrilib.store.project import hint

T = TypeVar("T")


_BRAIN = {"anatomy": "brain", "field_strength": 3.0, "coils": 12, "matrix": (128, 128)}
_BRAIN |= {"field_of_view": 220.0, "array_radius": 125.0}
_KNEE = {"anatomy": "knee", "field_strength": 3.0, "coils": 12, "matrix": (128, 128)}
_KNEE |= {"field_of_view": 160.0, "array_radius": 90.0}


def _scan(base: dict, **changes: object) -> Scan:
    return Scan(**{**base, **changes})


KNEE_PD = _scan(_KNEE, sequence=Sequence("spin_echo", 2.8, 0.030), background=0.09)
_TWINS = {part.name: part for part in PARTS}
_FASTMRI_KNEE, _STANFORD = _TWINS["fm_knee_pdfs_skyra"], _TWINS["stanford_3d_sagittal"]
KNEE_PDFS = Distribution(
    "knee_pdfs",
    "PDFS knee",
    _scan(_KNEE, sequence=Sequence("spin_echo", 2.8, 0.033, fat_suppression=0.93), background=0.15),
    "CORPDFS_FBK",
    "knee_multicoil_train",
    "knee_multicoil_val",
    372,
    640,
    2,
    366,
    97,
)
FLASH = Sequence("gradient_echo", 0.0048, 0.0022, flip_angle=5.0)

DISTRIBUTIONS: dict[str, Distribution] = {
    entry.name: entry
    for entry in (
        *PARTS,
        *DISEASED,
        Distribution(
            "knee_pd",
            "PD knee",
            KNEE_PD,
            "CORPD_FBK",
            "knee_multicoil_train",
            "knee_multicoil_val",
            372,
            640,
            2,
            376,
            97,
        ),
        KNEE_PDFS,
        Distribution(
            "brain_axt2",
            "T2 brain",
            _scan(_BRAIN, sequence=Sequence("spin_echo", 6.0, 0.110), background=0.09),
            "AXT2",
            "brain_multicoil_train",
            "brain_multicoil_val",
            396,
            768,
            1,
            310,
            100,
        ),
        Distribution(
            "brain_axt1pre",
            "T1 brain",
            _scan(_BRAIN, sequence=Sequence("spin_echo", 0.5, 0.009), background=0.10),
            "AXT1PRE",
            "brain_multicoil_train",
            "brain_multicoil_val",
            320,
            640,
            2,
            320,
            76,
        ),
        replace(
            KNEE_PDFS,
            name="knee_pdfs_coronal",
            title="coronal PDFS knee",
            scan=_FASTMRI_KNEE.scan,
            population=_FASTMRI_KNEE.population,
        ),
        Distribution(
            "stanford",
            "Stanford-like sagittal PDFS knee",
            _STANFORD.scan,
            "STANFORD3D",
            "stanford3d/train",
            "stanford3d/val",
            320,
            320,
            22,
            308,
            88,
            population=_STANFORD.population,
        ),
        Distribution(
            "knee_pd_hard",
            "hard-to-reconstruct PD knee",
            KNEE_PD,
            "CORPD_FBK",
            "fastmri_a/train",
            "fastmri_a/val",
            372,
            640,
            2,
            376,
            97,
            hardest_of=3,
        ),
        Distribution(
            "brain_vfa",
            "gradient-echo brain (13 coils)",
            _scan(_BRAIN, sequence=FLASH, coils=13, matrix=(224, 224), background=0.092),
            "AXGRE",
            "brain-vfa",
            "brain-vfa",
        ),
    )
}


@dataclass(frozen=True)
class Shift:
    """A shift from training on P to testing on Q; each is a distribution at an acceleration."""

    name: str
    p: str
    q: str
    p_acceleration: int = 4
    q_acceleration: int = 4


SHIFTS: dict[str, Shift] = {
    shift.name: shift
    for shift in (
        Shift("anatomy", "knee_pd", "brain_axt2"),
        Shift("dataset", "knee_pdfs_coronal", "stanford"),
        Shift("modality", "brain_axt2", "brain_axt1pre"),
        Shift("acceleration", "knee_pd", "knee_pd", q_acceleration=2),
        Shift("adversarially_filtered", "knee_pd", "knee_pd_hard"),
    )
}


def _named(table: dict[str, T], kind: str, name: str) -> T:
    if name not in table:
        raise ValueError(f"unknown {kind} {name!r}{hint(name, table)}")
    return table[name]


def distribution(name: str) -> Distribution:
    """Look up a distribution; raises ValueError with the nearest name if there is none."""
    return _named(DISTRIBUTIONS, "distribution", name)


def shift(name: str) -> Shift:
    """Look up one of paper A's shifts; raises ValueError with the nearest name if there is none."""
    return _named(SHIFTS, "shift", name)
