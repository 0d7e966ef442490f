"""Simulated volumes in the fastMRI layout, generated once and cached."""

import atexit
import warnings
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import gettempdir

import numpy as np
import torch

from mrilib.coils import rss
from mrilib.data.distribution import Distribution
from mrilib.data.volumes import write_volume
from mrilib.fourier import ifft2c
from mrilib.metrics import ssim
from mrilib.sampling import Undersampling
from mrilib.simulate.acquisition import SimulatedSlice, simulate_slice
from mrilib.simulate.anatomies import ANATOMIES
from mrilib.store.code import code_digest
from mrilib.store.paths import cache_dir, scratch_folder
from mrilib.store.records import digest
from mrilib.store.sealed import check_file, kept, write_sealed

# Patients are numbered and splits are disjoint ranges, so no patient is in two splits.
SPLITS = {"train": range(0, 40_000), "validation": range(40_000, 50_000), "test": range(50_000, 90_000)}
POPULATION = 1_000_000  # patients
FILTER = Undersampling(4)
LESIONS = "lesion_boxes"  # dataset in files with lesions; see `lesion_boxes`
DATA_VERSION = 1  # increment when the simulated slices change; a test compares them with golden values


def _store(distribution: Distribution) -> Path:
    key = digest([str(distribution.scan), distribution.hardest_of, code_digest({__name__})])
    name = f"{distribution.name}-{key[:12]}"
    try:
        folder = cache_dir() / "simulated" / name
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        folder = _substitute(name)
        warnings.warn(f"cache {cache_dir()} is not writable ({error.strerror}); using {folder}", stacklevel=3)
    return folder


@cache
def _substitute(name: str) -> Path:
    """Temporary folder in place of a read-only cache, removed when the process ends or, if it was killed, later."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(scratch_folder(Path(gettempdir()) / f"mrilib-{name}"))


def zero_filled_ssim(kspace: torch.Tensor, mask: torch.Tensor) -> float:
    """Ease of reconstructing a slice: SSIM of the zero-filled RSS image with matched mean and standard deviation."""
    target, blurred = rss(ifft2c(kspace[None])), rss(ifft2c(kspace[None] * mask))
    return ssim(target, blurred, match="mean_std").item()


def _candidates(distribution: Distribution, patient: int) -> list[SimulatedSlice]:
    count = distribution.hardest_of
    patients = [patient] if count == 1 else [90_000 + count * patient + k for k in range(count)]
    return [simulate_slice(distribution.scan, one, _level(one)) for one in patients]


def _level(patient: int) -> float:
    """Level of the patient's slice."""
    return float(np.random.default_rng([41, patient]).uniform(-0.6, 0.6))


def lesion_boxes(distribution: Distribution, patient: int) -> np.ndarray:
    """Rows and columns of each lesion in a patient's slice, each as first and last + 1, (lesions, 4)."""
    scan, level = distribution.scan, _level(patient)
    anatomy = ANATOMIES[scan.anatomy]
    found = [one.box(scan.grid(), anatomy.view, anatomy.position(level)) for one in anatomy.lesions(patient, level)]
    ends = [(rows.start, rows.stop, columns.start, columns.stop) for rows, columns in filter(None, found)]
    return np.array(ends, int).reshape(-1, 4)


def simulate_patient(distribution: Distribution, patient: int) -> SimulatedSlice:
    """Simulate one slice of one patient; for a filtered distribution, the hardest of several candidates."""

    def ease(candidate: SimulatedSlice) -> float:
        kspace = torch.from_numpy(candidate.kspace).to(torch.complex64)
        return zero_filled_ssim(kspace, FILTER.mask(f"{patient}", kspace.shape[-1]))

    candidates = _candidates(distribution, patient)
    return candidates[0] if len(candidates) == 1 else min(candidates, key=ease)


def _volume(distribution: Distribution, folder: Path, patient: int) -> Path:
    path = folder / f"file_sim_{distribution.name}_{patient:06d}.h5"
    if kept(path, check_file) is None:
        made = simulate_patient(distribution, patient)
        attributes = {
            "acquisition": distribution.acquisition,
            "patient_id": f"simulated-{distribution.scan.anatomy}-{patient}",
            "simulated": True,
            "field_strength": distribution.scan.field_strength,
        }
        extras = {"true_sens_maps": made.sens_maps[None], "true_image": made.image[None]}
        small = {name: array.astype(np.complex64) for name, array in extras.items()}
        if ANATOMIES[distribution.scan.anatomy].diseased:
            small[LESIONS] = lesion_boxes(distribution, patient)[None]
        with write_sealed(path) as temporary:
            write_volume(temporary, made.kspace[None].astype(np.complex64), attributes=attributes, extras=small)
    return path


def simulated_slices(distribution: Distribution, split: str, count: int) -> list[tuple[Path, int]]:
    """The first `count` slices of a split, simulated unless the cache has them intact and from the same simulator code.

    Args:
        distribution: catalogue entry.
        split: "train", "validation" or "test"; patients never overlap.
        count: number of slices, one per patient.

    Returns:
        (path, slice index) pairs for `SliceDataset`.

    Raises:
        ValueError: unknown split, or the split has fewer than `count` slices.
    """
    if split not in SPLITS:
        raise ValueError(f"split {split!r}: expected one of {', '.join(SPLITS)}")
    if not 0 < count <= len(SPLITS[split]):
        raise ValueError(f"count of {split} slices: expected 1 to {len(SPLITS[split])}, got {count}")
    folder = _store(distribution)
    patients: Iterable[int] = (POPULATION * distribution.population + one for one in SPLITS[split][:count])
    with ThreadPoolExecutor(2) as pool:
        return [(path, 0) for path in pool.map(lambda patient: _volume(distribution, folder, patient), patients)]
