"""One network for several accelerations, compared with one network for each (paper B, App. C.1, Table 2)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor

from mrilib.data.sources import Source
from mrilib.data.volumes import read_slice
from mrilib.gap import Interval
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.paper_b.pairs import PAIRS, shared_out
from mrilib.paper_b.protocol import UnionSpec, equispaced, slices_to_test, union
from mrilib.paper_b.study import Study, TestSet
from mrilib.train.settled import doubling_moves

SEEN, UNSEEN = (2, 4, 8, 16), 3
TESTED = (*SEEN, UNSEEN)
KNEES = PAIRS["contrast"].q  # PDFS, of three scanners
MIXED = "all four"


def folds(*accelerations: int) -> str:
    """Name of the networks and tests of an acceleration, or of all four."""
    return f"{accelerations[0]}-fold" if len(accelerations) == 1 else MIXED


def trained(arm: str, length: int) -> str:
    """Name of a network that was trained for a multiple of the customary number of steps."""
    return arm if length == 1 else f"{arm}, {length} × the steps"


def arms(p: Parameters) -> dict[str, UnionSpec]:
    """One network for each acceleration and one for all four, trained on the same slices for the same number of steps.

    All of them are trained again for each multiple of this number in `p.lengths`.

    Reference: Lin, Heckel, ICML 2024, App. C.1, Table 2.
    """
    taken = shared_out(KNEES, p.train_slices)
    recipes = {length: replace(p.recipe, epochs=length * p.recipe.epochs) for length in p.lengths}
    return {
        trained(folds(*each), length): union(
            "knee_pdfs" if len(each) == 1 else "knee_pdfs_any",
            *(taken, p.architecture, recipe, each, p.source),
        )
        for length, recipe in recipes.items()
        for each in [*((one,) for one in SEEN), SEEN, (UNSEEN,)]
    }


def at(acceleration: int) -> dict[str, None]:
    """Names of the test sets of an acceleration."""
    return {f"{name}, {folds(acceleration)}": None for name in KNEES}


def study(p: Parameters, device: torch.device | str = "cpu") -> Study:
    """All networks on PDFS knees at every acceleration."""
    tests = {
        test: TestSet(name, p.test_slices, one) for one in TESTED for name, test in zip(KNEES, at(one), strict=True)
    }
    return Study("accelerations", arms(p), tests, None, p.source, device, p.recompute)


def comparisons(length: int = 1) -> dict[str, tuple[str, str, int]]:
    """Comparisons by result: an arm, the arm that it is compared to, and the acceleration at which both are tested.

    Both arms are trained for `length` times the customary number of steps.
    """
    own = {f"mixed_minus_{one}x": (one, one) for one in SEEN}
    own |= {f"mixed_minus_{one}x_at_{UNSEEN}x": (one, UNSEEN) for one in (*SEEN, UNSEEN)}
    return {key: (trained(MIXED, length), trained(folds(one), length), test) for key, (one, test) in own.items()}


def lead(study: Study, acceleration: int, mixed: int, specialist: int) -> Interval:
    """SSIM of the network for all four minus the specialist's at its acceleration, each trained for its own length."""
    return study.difference(trained(MIXED, mixed), trained(folds(acceleration), specialist), at(acceleration))


def lead_moves(study: Study, acceleration: int, length: int) -> float:
    """Change of the lead when the training of both networks is doubled to `length`, see `settled.doubling_moves`."""
    before, after = (lead(study, acceleration, each, each) for each in (length // 2, length))
    return doubling_moves(before, after, stated=after)


def true_accelerations(nominal: Sequence[int], slices: int, source: Source = "simulated") -> dict[int, float]:
    """Ratio of the columns of a full acquisition to those of the mask, averaged over the test slices, by acceleration.

    The ratio is below the nominal value for small accelerations, since the calibration region (ACS) is sampled in
    addition. Columns that were never acquired, such as zero padding, count in neither number.
    """
    acquired = {}
    for name in KNEES:
        for path, index in slices_to_test(name, slices, nominal[0], source).slices:
            acquired[path, index] = read_slice(path, index).columns
    return {one: fmean(_ratio(path, columns, one) for (path, _), columns in acquired.items()) for one in nominal}


def _ratio(path: Path, columns: Tensor, acceleration: int) -> float:
    mask = equispaced([acceleration]).mask(path.name, columns.shape[-1]) & columns
    return int(columns.sum()) / int(mask.sum())
