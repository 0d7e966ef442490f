"""Simulated twins of paper B's 17 datasets: the same anatomy, view, contrast, field, coils and matrix shape.

Sequence timings are those of the datasets' publications where given, and otherwise typical of the contrast. Matrices
have about 40 % of the published size. Noise depends on the class of acquisition; see `noise`.
"""

from dataclasses import replace
from math import sqrt

from mrilib.data.distribution import Distribution
from mrilib.simulate.acquisition import Scan
from mrilib.simulate.sequences import Sequence

WHOLE_VOLUME = 1_000  # slices; paper B takes all except empty ones
HEAD, KNEE, PELVIS = "head", "knee_joint", "pelvis"
ARRAY_RADIUS = {HEAD: 125.0, KNEE: 90.0, PELVIS: 190.0}  # millimetres

PD = Sequence("spin_echo", 2.8, 0.030)
PDFS = Sequence("spin_echo", 2.8, 0.033, fat_suppression=0.93)
T1 = Sequence("spin_echo", 0.5, 0.009)
T1POST = Sequence("enhanced_spin_echo", 0.5, 0.009)
T2 = Sequence("spin_echo", 6.0, 0.110)
FLAIR = Sequence("inversion_recovery", 9.0, 0.090, inversion_time=2.5)
T2FS = Sequence("spin_echo", 4.0, 0.060, fat_suppression=0.93)
PROSTATE_T2 = Sequence("spin_echo", 4.0, 0.100)
CUBE_PDFS = Sequence("spin_echo", 1.55, 0.025, fat_suppression=0.9)
QDESS = {echo: Sequence(f"double_echo_{echo}", 0.0204, 0.0064, 20.0, 0.0, 0.9) for echo in ("first", "second")}
MP2RAGE = Sequence("inversion_recovery", 6.778, 0.003, inversion_time=3.675)
T1_GRE = Sequence("gradient_echo", 0.0063, 0.0026, 20.0)  # the flip angle mimics the preparation's T1 weighting
LOW_FIELD = {
    "t1": Sequence("spin_echo", 0.5, 0.0184),
    "t2": Sequence("spin_echo", 5.5, 0.128),
    "flair": Sequence("inversion_recovery", 7.5, 0.0936, inversion_time=1.655),
    "gre": Sequence("gradient_echo", 0.5, 0.015, 50.0),
}
NOISIER = {PDFS: 1.6, CUBE_PDFS: 1.45, T2FS: 1.5, FLAIR: 1.25, T1: 1.1, T1POST: 1.1, LOW_FIELD["flair"]: 1.1}


def noise(sequence: Sequence, field_strength: float) -> float:
    """Background relative to the 95th percentile of the image: 0.09 at 3 T, and √(3 T / B₀) times as much at B₀.

    SNR grows in proportion to B₀; protocols compensate for half of this, in decibels, by bandwidth, voxel size and
    averages. T1-weighted images and those with fat or fluid suppression, which have less signal, are noisier by the
    factors in NOISIER.
    """
    return 0.09 * sqrt(3.0 / field_strength) * NOISIER.get(sequence, 1.0)


def _part(
    name: str,
    title: str,
    body: str,
    view: str,
    sequence: Sequence,
    field_strength: float,
    coils: int,
    matrix: tuple[int, int],
    field_of_view: float,
    *,
    files: tuple[str, str],
    folders: tuple[str, str] | None = None,
    scanner: str = "",
    thin: bool = False,
) -> Distribution:
    """One population of slices.

    `files` is the folder below MRILIB_DATA, containing `train` and `test`, and the acquisition in the file headers;
    `folders` are the folders for training and test if they have other names.
    """
    folder, acquisition = files
    train, test = folders or (f"{folder}/train", f"{folder}/test")
    thickness = {"sub_slices": 1} if thin else {}
    level = noise(sequence, field_strength)
    radius = ARRAY_RADIUS[body]
    scan = Scan(f"{body}_{view}", sequence, field_strength, coils, matrix, field_of_view, radius, level, **thickness)
    return Distribution(name, title, scan, acquisition, train, test, slices_per_volume=WHOLE_VOLUME, scanner=scanner)


SCANNERS = {"aera": 1.5, "avanto": 1.5, "skyra": 3.0, "prisma": 3.0, "biograph": 3.0}  # tesla
HEAD_COILS = {"aera": 16, "avanto": 4, "skyra": 20, "prisma": 20, "biograph": 16}
BRAIN_CONTRASTS = {
    "flair": (FLAIR, "AXFLAIR", ("skyra",)),
    "t1": (T1, "AXT1", ("aera",)),
    "t1post": (T1POST, "AXT1POST", ("aera", "avanto", "skyra")),
    "t2": (T2, "AXT2", ("aera", "avanto", "skyra", "prisma", "biograph")),
}
KNEE_CONTRASTS = {"pd": (PD, "CORPD_FBK"), "pdfs": (PDFS, "CORPDFS_FBK")}


def _fastmri_brain(contrast: str, scanner: str) -> Distribution:
    sequence, acquisition, _ = BRAIN_CONTRASTS[contrast]
    field, coils = SCANNERS[scanner], HEAD_COILS[scanner]
    size = 128 if contrast == "t2" and field == 3.0 else 112
    return _part(
        f"fm_brain_{contrast}_{scanner}",
        f"fastMRI brain {contrast.upper()}, {scanner.title()} {field:g} T",
        *(HEAD, "axial", sequence, field, coils, (size, size), 230.0),
        files=("fastmri_brain", acquisition),
        folders=("brain_multicoil_train", "brain_multicoil_val"),
        scanner=scanner,
    )


def _fastmri_knee(contrast: str, scanner: str) -> Distribution:
    sequence, acquisition = KNEE_CONTRASTS[contrast]
    return _part(
        f"fm_knee_{contrast}_{scanner}",
        f"fastMRI knee {contrast.upper()}, {scanner.title()} {SCANNERS[scanner]:g} T",
        *(KNEE, "coronal", sequence, SCANNERS[scanner], 15, (128, 128), 160.0),
        files=("fastmri_knee", acquisition),
        folders=("knee_multicoil_train", "knee_multicoil_val"),
        scanner=scanner,
    )


_FASTMRI_BRAIN = tuple(_fastmri_brain(c, s) for c, (*_, scanners) in BRAIN_CONTRASTS.items() for s in scanners)
_FASTMRI_KNEE = tuple(_fastmri_knee(c, s) for c in KNEE_CONTRASTS for s in ("aera", "skyra", "biograph"))

_PROSTATE = _part(
    "prostate_t2", "fastMRI prostate T2, 3 T", PELVIS, "axial", PROSTATE_T2, 3.0, 20, (128, 128), 190.0,
    files=("fastmri_prostate", "AXT2"),
)  # fmt: skip
_M4RAW = tuple(
    _part(
        f"m4raw_{contrast}", f"M4Raw {contrast.upper()}, 0.3 T",
        HEAD, "axial", LOW_FIELD[contrast], 0.3, 4, (96, 96), 240.0,
        files=("m4raw_gre" if contrast == "gre" else "m4raw", contrast.upper()),
    )
    for contrast in LOW_FIELD
)  # fmt: skip
_SKM_TEA = tuple(
    _part(
        f"skm_tea_{echo}_{coils}", f"SKM-TEA qDESS, {echo} echo, {coils} coils, 3 T",
        KNEE, "sagittal", QDESS[echo], 3.0, coils, (128, 112), 160.0,
        files=("skm_tea", f"QDESS_{echo}".upper()), thin=True,
    )
    for echo in QDESS
    for coils in (8, 16)
)  # fmt: skip
_STANFORD_3D = {
    view: _part(
        f"stanford_3d_{view}", f"Stanford 3D PDFS {view}, 3 T", KNEE, view, CUBE_PDFS, 3.0, 8, matrix, 160.0,
        files=(f"stanford_3d_{view}", "PDFS"), thin=True,
    )
    for view, matrix in {"axial": (128, 104), "coronal": (128, 104), "sagittal": (128, 128)}.items()
}  # fmt: skip
_SEVEN_TESLA = {
    view: _part(
        f"7t_{view}", f"7T MP2RAGE-ME {view}", HEAD, view, MP2RAGE, 7.0, 32, matrix, length,
        files=(f"7t_{view}", "MP2RAGEME"), thin=True,
    )
    for view, matrix, length in (
        ("axial", (116, 94), 230.0), ("coronal", (116, 94), 235.0), ("sagittal", (116, 116), 235.0),
    )
}  # fmt: skip
_CC_359 = {
    view: _part(
        f"cc_359_{view}", f"CC-359 GRE {view}, 3 T", HEAD, view, T1_GRE, 3.0, 12, matrix, length,
        files=(f"cc_359_{view}", "GRE"), thin=True,
    )
    for view, matrix, length in (
        ("axial", (96, 80), 218.0), ("coronal", (112, 80), 256.0), ("sagittal", (112, 96), 256.0),
    )
}  # fmt: skip
_STANFORD_2D = tuple(
    _part(
        f"stanford_2d_{name}", f"Stanford 2D {body.split('_')[0]} {view}, 3 T",
        body, view, sequence, 3.0, coils, matrix, length,
        files=("stanford_2d", name.upper()),
    )
    for name, body, view, sequence, coils, matrix, length in (
        ("knee", KNEE, "sagittal", PD, 8, (112, 112), 160.0),
        ("knee_fs", KNEE, "axial", PDFS, 16, (104, 104), 150.0),
        ("head", HEAD, "axial", T2, 32, (112, 112), 230.0),
        ("pelvis", PELVIS, "axial", T2, 8, (112, 128), 250.0),
    )
)  # fmt: skip
_NYU = tuple(
    _part(
        f"nyu_{name}", f"NYU knee {view} {name.split('_')[1].upper()}, 3 T",
        KNEE, view, sequence, 3.0, 15, matrix, 150.0,
        files=("nyu", name.upper()),
    )
    for name, view, sequence, matrix in (
        ("coronal_pd", "coronal", PD, (112, 112)),
        ("sagittal_pd", "sagittal", PD, (128, 112)),
        ("coronal_pdfs", "coronal", PDFS, (112, 112)),
        ("sagittal_t2fs", "sagittal", T2FS, (128, 112)),
        ("axial_t2fs", "axial", T2FS, (112, 112)),
    )
)  # fmt: skip


def _shares(parts: tuple[Distribution, ...], *weights: float) -> dict[str, float]:
    given = weights or (1.0,) * len(parts)
    return {part.name: weight / sum(given) for part, weight in zip(parts, given, strict=True)}


# Fraction of a dataset's slices in each of its populations (paper B, Table 1 and its published lists).
TWINS: dict[str, dict[str, float]] = {
    "fastmri_knee": _shares(_FASTMRI_KNEE, 45, 40, 15, 45, 40, 15),
    "fastmri_brain": _shares(_FASTMRI_BRAIN, 8, 11, 7, 7, 7, 12, 12, 12, 12, 12),
    "fastmri_prostate": _shares((_PROSTATE,)),
    "m4raw": _shares(_M4RAW[:3], 37, 37, 26),
    "skm_tea": _shares(_SKM_TEA),
    **{f"stanford_3d_{view}": _shares((part,)) for view, part in _STANFORD_3D.items()},
    **{f"7t_{view}": _shares((part,)) for view, part in _SEVEN_TESLA.items()},
    **{f"cc_359_{view}": _shares((part,)) for view, part in _CC_359.items()},
    "stanford_2d": _shares(_STANFORD_2D),
    "nyu": _shares(_NYU, 20, 20, 20, 20, 20),
    "m4raw_gre": _shares(_M4RAW[3:]),
}
_ALL = (
    *_FASTMRI_BRAIN, *_FASTMRI_KNEE, _PROSTATE, *_M4RAW, *_SKM_TEA, *_STANFORD_3D.values(),
    *_SEVEN_TESLA.values(), *_CC_359.values(), *_STANFORD_2D, *_NYU,
)  # fmt: skip


def _people(name: str) -> str:
    """Name of the subject group: views of a 3-D dataset, echoes of a scan and M4Raw's contrasts share subjects."""
    if name.startswith("skm_tea"):
        return f"skm_tea_{name.rpartition('_')[2]}"
    return next((dataset for dataset in ("m4raw", "stanford_3d", "7t", "cc_359") if name.startswith(dataset)), name)


_POPULATIONS = list(dict.fromkeys(_people(part.name) for part in _ALL))
PARTS = tuple(replace(part, population=1 + _POPULATIONS.index(_people(part.name))) for part in _ALL)
SIXTEEN = PARTS[:16]  # fastMRI's distributions of Sections 3 to 6


def _with_lesions(part: Distribution, population: int) -> Distribution:
    """Same scanner and contrast, other subjects: heads with lesions in every slice."""
    scan = replace(part.scan, anatomy="head_lesions_axial")
    name, title = f"{part.name}_lesions", f"{part.title}, with lesions"
    return replace(part, name=name, title=title, scan=scan, population=population)


HEALTHY = tuple(part for part in SIXTEEN if part.scan.anatomy == "head_axial")
DISEASED = tuple(_with_lesions(part, 1 + len(_POPULATIONS) + place) for place, part in enumerate(HEALTHY))
