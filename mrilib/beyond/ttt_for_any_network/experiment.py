"""Test-time training of the same networks on the same slices, by paper A's method and with a free phase.

Every run continues past its stopping point, so that the image chosen by self-validation can be compared with the best.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np
import torch

from mrilib.beyond.ttt_for_any_network.parameters import Parameters
from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.paper_a import table_2
from mrilib.paper_a.experiment import Side
from mrilib.paper_a.published import TABLE_2
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.adaptation import Adapted, adapt
from mrilib.train.networks import network, ssim_without_ttt
from mrilib.train.objectives import Loss

Phase = Literal["network", "free", "alone"]
PHASES: tuple[Phase, ...] = ("network", "free")
TITLES: dict[Phase, str] = {"network": "paper A", "free": "free phase", "alone": "free phase alone"}
EVERY = {"network": 4, "free": 2, "alone": 2}  # iterations between scores of the true image
GAIN = 0.95  # share of the gain after which a run could have ended
MODEL = "unet"


@dataclass(frozen=True)
class Arm:
    """A network and the way in which it is test-time trained."""

    loss: Loss
    side: Side
    phase: Phase

    @property
    def name(self) -> str:
        """Name of the network and of the method, such as "joint on P + TTT, free phase"."""
        return f"{self.loss} on {self.side} + TTT, {TITLES[self.phase]}"


FREE = tuple(Arm(loss, side, "free") for loss in ("joint", "supervised") for side in ("P", "Q"))
ALONE = tuple(Arm(loss, "P", "alone") for loss in ("joint", "supervised"))
PUBLISHED = (Arm("joint", "P", "network"), Arm("joint", "Q", "network"), Arm("supervised", "P", "network"))
ALONG = ("anatomy", "dataset")  # shifts under which paper A's runs are followed, too


def tested_on(p: Parameters) -> int:
    """Number of test slices under the shift of `p`, found without simulating or reading a slice."""
    name, _ = p.experiment.side("Q")
    return p.test_slices or distribution(name).test_slices


def stored(p: Parameters, arm: Arm, count: int, seed: int, device: torch.device | str = "cpu") -> StoredRow:
    """Row of one arm under the shift of `p`: `count` test slices, adapted with the hold-out of `seed`."""
    settings = replace(p.settings[arm.phase], seed=seed)
    experiment = p.experiment
    name, acceleration = experiment.side("Q")
    key = {
        "model": MODEL,
        "shift": p.shift,
        "network": f"{arm.loss} on {arm.side}",
        "digest": experiment.spec(arm.loss, arm.side).digest,
        "slices": count,
        "tests": data_digest(distribution(name), "test", count, p.source),
        "acceleration": acceleration,
        "ttt": settings.card,
    }

    def compute() -> Row:
        tests = experiment.test_slices(count)
        samples = [tests[item] for item in range(len(tests))]
        model = network(experiment.spec(arm.loss, arm.side), device)
        scored = range(0, settings.max_iterations, EVERY[arm.phase])
        adapted = adapt(model, samples, settings, score_at=scored, device=device, workers=p.workers)
        return as_row(adapted, ssim_without_ttt(model, samples, device))

    return StoredRow(StoredTable("any_network", {"source": p.source}, {__name__}), key, compute)


def as_row(adapted: Sequence[Adapted], before: Sequence[float]) -> Row:
    """SSIM before, at the chosen iteration and during the run; the iterations chosen and stopped at; seconds."""
    records = [one.record for one in adapted]
    return {
        "before": [round(score, 5) for score in before],
        "ssim": [round(one.ssim, 5) for one in adapted],
        "iterations": sorted(records[0].history.score),
        "curves": [[round(one.history.score[n], 4) for n in sorted(one.history.score)] for one in records],
        "chosen": [one.chosen_at for one in records],
        "stopped": [one.stopped_at for one in records],
        "seconds": [round(one.seconds, 2) for one in adapted],
    }


@dataclass(frozen=True)
class Shifted:
    """All rows under one shift.

    Args:
        rows: by arm, on all test slices with the first hold-out.
        seeds: by arm on P, on some test slices with every hold-out.
        published: SSIM of notebook 04's schemes, which are paper A's method, on the same test slices.
    """

    shift: str
    rows: Mapping[Arm, Row]
    seeds: Mapping[Arm, Sequence[Row]]
    published: Mapping[str, Sequence[float]]

    @property
    def before(self) -> Interval:
        """Gap between the supervised networks trained on Q and on P, as in paper A."""
        return performance_gap(*self._supervised)

    @property
    def _supervised(self) -> tuple[Sequence[float], Sequence[float]]:
        return self.published["supervised on Q"], self.published["supervised on P"]

    def after(self, loss: Loss, side: Side, phase: Phase) -> Sequence[float]:
        """SSIM of the test slices after TTT."""
        if phase == "network":
            return self.published[f"{loss} on {side} + TTT"]
        return self.rows[Arm(loss, side, phase)]["ssim"]

    def closed(self, loss: Loss, phase: Phase) -> FractionClosed:
        """Fraction of `before` that is closed if the networks trained on P and on Q both undergo test-time training."""
        return fraction_closed(*self._supervised, self.after(loss, "Q", phase), self.after(loss, "P", phase))

    def lead(self, loss: Loss) -> Interval:
        """SSIM of the network trained on P with a free phase, minus its SSIM with paper A's method."""
        return performance_gap(self.after(loss, "P", "free"), self.after(loss, "P", "network"))


def tested(p: Parameters, device: torch.device | str = "cpu") -> dict[str, Shifted]:
    """Results by shift; reads stored rows and computes those that are missing."""
    return {shift: _shifted(replace(p, shift=shift), device) for shift in TABLE_2[MODEL]}


def _shifted(p: Parameters, device: torch.device | str) -> Shifted:
    found = {arm: row.read(p.recompute) for arm, row in first_rows(p, device).items()}
    again = {arm: [row.read(p.recompute) for row in rows] for arm, rows in seed_rows(p, device).items()}
    return Shifted(p.shift, found, again, published(p, device))


def published(p: Parameters, device: torch.device | str = "cpu") -> Mapping[str, Sequence[float]]:
    """SSIM of notebook 04's schemes; computed if its table has no row for these parameters."""
    settings = replace(p.settings["network"], run_on=False)
    count = tested_on(p)
    key = table_2.key(p.experiment, settings, count)
    compute = partial(table_2.compute, p.experiment, settings, count, device, p.workers)
    return table_2.stored(p.source).row(key, compute)["scores"]


def first_rows(p: Parameters, device: torch.device | str = "cpu") -> dict[Arm, StoredRow]:
    """Arms on all test slices: a free phase under every shift, and paper A's method under the shifts in `ALONG`."""
    count = tested_on(p)
    arms = (*PUBLISHED, *FREE, *ALONE) if p.shift in ALONG else (*FREE, *ALONE)
    return {arm: stored(p, arm, count, p.seed, device) for arm in arms}


def seed_rows(p: Parameters, device: torch.device | str = "cpu") -> dict[Arm, list[StoredRow]]:
    """Networks trained on P, on some slices with every hold-out; under the first shift, also with paper A's method."""
    arms = [arm for arm in FREE if arm.side == "P"] + [PUBLISHED[0]] * (p.shift == ALONG[0])
    count = min(p.seed_slices, tested_on(p))
    seeds = range(p.seed, p.seed + p.holdout_seeds)
    return {arm: [stored(p, arm, count, seed, device) for seed in seeds] for arm in arms}


def oracle(row: Row) -> list[float]:
    """Best SSIM during each slice's run; finding it requires the ground truth."""
    return [max(*curve, score) for curve, score in zip(row["curves"], row["ssim"], strict=True)]


def as_published(row: Row) -> list[float]:
    """SSIM of each slice at the iteration at which the published rule stops; its image is the one that is returned."""
    places = [np.searchsorted(row["iterations"], stop, side="right") - 1 for stop in row["stopped"]]
    return [curve[place] for curve, place in zip(row["curves"], places, strict=True)]


def falls(row: Row) -> list[float]:
    """Largest fall of SSIM below its value before TTT, during each slice's run; 0 if there is none."""
    return [max(0.0, curve[0] - min(curve)) for curve in row["curves"]]


CHOICES: dict[str, Callable[[Row], list[float]]] = {
    "lowest self-validation error": lambda row: row["ssim"],
    "published rule": as_published,
}


def regret(rows: Sequence[Row], choice: str) -> Interval:
    """SSIM that a choice without ground truth loses relative to the run's best image; one row per hold-out."""
    lost = [np.array(oracle(row)) - np.array(CHOICES[choice](row)) for row in rows]
    return mean_interval(lost)


def gain_over_seeds(rows: Sequence[Row]) -> Interval:
    """SSIM gained by TTT, with an interval over hold-outs and slices."""
    return performance_gap([row["ssim"] for row in rows], [row["before"] for row in rows])


def spread(rows: Sequence[Row]) -> float:
    """Standard deviation of a slice's SSIM over the hold-outs, averaged over slices."""
    return float(np.std([row["ssim"] for row in rows], axis=0, ddof=1).mean()) if len(rows) > 1 else 0.0


def most_of_the_gain(row: Row) -> list[float]:
    """SSIM at which each slice has reached 95 % of its final gain from TTT; NaN for slices without gain."""
    pairs = zip(row["curves"], row["ssim"], strict=True)
    return [curve[0] + GAIN * (end - curve[0]) if end > curve[0] else float("nan") for curve, end in pairs]


def iterations_to(row: Row, goals: Sequence[float]) -> list[float]:
    """First scored iteration at which each slice reaches its goal; NaN where it never does."""
    found = []
    for curve, goal in zip(row["curves"], goals, strict=True):
        reached = [n for n, score in zip(row["iterations"], curve, strict=True) if score >= goal]
        found.append(float(reached[0]) if reached else float("nan"))
    return found


def times_sooner(slow: Sequence[float], fast: Sequence[float]) -> Interval | None:
    """Geometric mean of the ratio of two lists of iterations, over the slices for which both are known, or None."""
    logs = np.log(np.maximum(slow, 1)) - np.log(np.maximum(fast, 1))
    known = logs[np.isfinite(logs)]
    if not len(known):
        return None
    mean = mean_interval(known)
    value, low, high = np.exp([mean.value, mean.low, mean.high])
    return Interval(float(value), float(low), float(high), mean.n)


def sooner(found: Shifted, loss: Loss) -> dict[str, tuple[list[float], list[float]]]:
    """Iterations that each method takes to 95 % of its own gain, and to 95 % of paper A's gain."""
    slow, fast = (found.rows[Arm(loss, "P", phase)] for phase in PHASES)
    own = iterations_to(slow, most_of_the_gain(slow))
    return {
        "of its own gain": (own, iterations_to(fast, most_of_the_gain(fast))),
        "of paper A's gain": (own, iterations_to(fast, most_of_the_gain(slow))),
    }
