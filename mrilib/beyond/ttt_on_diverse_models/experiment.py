"""Two remedies for a distribution shift, separately and combined: diverse training data and test-time training.

Neither paper contains this experiment. Method and stopping rule follow paper A; sampling and distributions follow paper
B.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import torch

from mrilib.beyond.ttt_on_diverse_models.parameters import Parameters
from mrilib.data.collections import COLLECTIONS
from mrilib.data.slices import SliceDataset
from mrilib.data.twins import TWINS
from mrilib.gap import FractionClosed, Interval, fraction_closed, performance_gap
from mrilib.metrics import Match
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b.pairs import shared_out
from mrilib.paper_b.protocol import UnionSpec, sampled, union
from mrilib.paper_b.study import Measures, Study, TestSet
from mrilib.sample import Sample
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.train.adaptation import adapt
from mrilib.train.networks import InMemory
from mrilib.ttt import Settings

TESTED = {  # three of the four collections that paper B uses only for testing
    "cc_359_sagittal": "CC-359 sagittal",
    "m4raw_gre": "M4Raw GRE",
    "stanford_2d": "Stanford 2D",
}
ONE, SIX, DIVERSE, HOME = "one knee", "six knees", "diverse", "test distribution"
TRAINED_ON = {
    ONE: ("fm_knee_pd_skyra",),
    SIX: tuple(TWINS["fastmri_knee"]),
    DIVERSE: tuple(name for key, one in COLLECTIONS.items() if one.in_training for name in TWINS[key]),
}
Studies = Mapping[str, Study]


@dataclass(frozen=True)
class Remedy:
    """Remedy for a shift: a training set, and whether each slice is test-time trained."""

    arm: str
    ttt: bool = False

    @property
    def measure(self) -> str:
        """Measure under which a study stores its SSIM."""
        return "ssim_ttt" if self.ttt else "ssim"

    @property
    def time(self) -> str:
        """Measure under which a study stores its seconds."""
        return "seconds_ttt" if self.ttt else "seconds"


NOTHING, GOAL = Remedy(ONE), Remedy(HOME)
REMEDIES = {
    "more knees": Remedy(SIX),
    "diversity": Remedy(DIVERSE),
    "TTT": Remedy(ONE, ttt=True),
    "more knees and TTT": Remedy(SIX, ttt=True),
    "diversity and TTT": Remedy(DIVERSE, ttt=True),
}


def arms(p: Parameters, collection: str) -> dict[str, UnionSpec]:
    """Jointly trained networks by training data, with equally many slices; the last saw the test distribution.

    Raises:
        ValueError: unknown collection, or fewer slices than distributions.
    """
    if collection not in TESTED:
        raise ValueError(f"collection {collection!r}: expected one of {', '.join(TESTED)}")
    made = {}
    for arm, members in {**TRAINED_ON, HOME: tuple(TWINS[collection])}.items():
        name = collection if arm == HOME else arm.replace(" ", "_")
        taken = shared_out(members, p.train_slices)
        made[arm] = union(name, taken, p.architecture, p.recipe, source=p.source)
    return made


def studies(p: Parameters, device: torch.device | str = "cpu") -> Studies:
    """Studies by collection: all networks on its test slices, with and without test-time training.

    A row holds `ssim`, `ssim_ttt`, `seconds`, `seconds_ttt` and `iterations` of each slice.
    """
    found = {}
    for collection in TESTED:
        counts = sampled(dict.fromkeys(TWINS[collection], 1.0), p.test_slices)
        found[collection] = Study(
            "remedies",
            arms(p, collection),
            {name: TestSet(name, count) for name, count in counts.items() if count},
            "mean_std",
            p.source,
            device,
            p.recompute,
            measure=partial(before_and_after, settings=p.settings),
            conditions={"ttt": p.settings.card},
        )
    return found


def before_and_after(
    model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str, *, settings: Settings
) -> Measures:
    """SSIM, scored as in paper A, and seconds of each slice, without and with test-time training.

    Coil maps are given, so the times do not include their estimation. `match` is that of paper A; it is part of the
    table's key.
    """
    samples = InMemory(SliceDataset(slices.slices, slices.sampling))
    plain = [_plain(model, samples[item].to(device)) for item in range(len(samples))]
    adapted = adapt(model, samples, settings, device=device)
    return {
        "ssim": [score for score, _ in plain],
        "ssim_ttt": [one.ssim for one in adapted],
        "seconds": [seconds for _, seconds in plain],
        "seconds_ttt": [one.seconds for one in adapted],
        "iterations": [float(len(one.record.history.train_error)) for one in adapted],
    }


def _plain(model: Reconstructor, sample: Sample) -> tuple[float, float]:
    start = time.perf_counter()
    image = reconstruct(model, sample).cpu()
    seconds = time.perf_counter() - start
    return slice_ssim(image, sample.to("cpu"))[0], seconds


def pooled(found: Studies, remedy: Remedy) -> list[float]:
    """SSIM of all test slices of these studies under a remedy."""
    return [score for study in found.values() for score in study.over(remedy.arm, measure=remedy.measure)]


def gain(found: Studies, remedy: Remedy, over: Remedy = NOTHING) -> Interval:
    """Mean SSIM of one remedy minus that of another, on the same slices."""
    return performance_gap(pooled(found, remedy), pooled(found, over))


def lift(found: Studies, arm: str) -> Interval:
    """Gain in a network's SSIM from test-time training."""
    return gain(found, Remedy(arm, ttt=True), Remedy(arm))


def lift_lost(found: Studies, arm: str) -> Interval:
    """Gain from test-time training for the network trained on one distribution, minus the gain for another network."""
    return performance_gap(_added(found, ONE), _added(found, arm))


def seconds(found: Studies, remedy: Remedy) -> list[float]:
    """Seconds of each test slice of these studies, without estimating coil maps."""
    return [one for study in found.values() for one in study.over(remedy.arm, measure=remedy.time)]


def _added(found: Studies, arm: str) -> list[float]:
    pairs = zip(pooled(found, Remedy(arm, ttt=True)), pooled(found, Remedy(arm)), strict=True)
    return [after - before for after, before in pairs]


def closed(found: Studies, remedy: Remedy) -> FractionClosed:
    """Fraction closed of the gap between training on one distribution and on the test distribution, both without TTT.

    The target is the same for every remedy; paper A instead compares with the target network's own TTT.
    """
    goal, nothing = pooled(found, GOAL), pooled(found, NOTHING)
    return fraction_closed(goal, nothing, goal, pooled(found, remedy))
