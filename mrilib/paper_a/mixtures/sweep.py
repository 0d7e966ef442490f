"""Training on a mixture of two distributions, and its effect on both (paper A, §3.2 and Figure 2)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.paper_a.experiment import SIDES, Experiment, Side
from mrilib.sample import Sample
from mrilib.store.tables import StoredRow, StoredTable
from mrilib.train.networks import InMemory, NetworkSpec, dataset, network, ssim_without_ttt
from mrilib.train.training import Progress

COEFFICIENTS = (0.0, 0.25, 0.5, 0.75, 1.0)
Scores = dict[str, list[float]]


def sides(slices: int, coefficient: float, seed: int = 0) -> list[Side]:
    """Assign each of `slices` training slices to the distribution from which it is taken.

    round(coefficient · slices) of them come from Q; slices from Q at one coefficient are also from Q at any larger
    coefficient.

    Args:
        slices: total number, the same for every coefficient.
        coefficient: share of Q; 0 is P alone, 1 is Q alone.
        seed: seed of the random choice.

    Raises:
        ValueError: `coefficient` is outside [0, 1], or strictly inside but leaves P or Q without a slice.

    Reference: Darestani, Liu, Heckel, ICML 2022, §3.2.
    """
    if not 0 <= coefficient <= 1:
        raise ValueError(f"coefficient {coefficient}: expected the share of Q, 0 to 1")
    count = round(coefficient * slices)
    if 0 < coefficient < 1 and count in (0, slices):
        without = "Q" if count == 0 else "P"
        raise ValueError(f"coefficient {coefficient}: none of {slices} train_slices is from {without}; use more")
    order = np.random.default_rng([17, seed]).permutation(slices)
    from_q = set(order[:count].tolist())
    return ["Q" if item in from_q else "P" for item in range(slices)]


class Mixed(Dataset[Sample]):
    """Dataset whose item i is slice i of the list named by `chosen[i]`."""

    def __init__(self, lists: Mapping[Side, Dataset[Sample]], chosen: Sequence[Side]) -> None:
        self.lists = lists
        self.chosen = chosen

    def __len__(self) -> int:
        return len(self.chosen)

    def __getitem__(self, item: int) -> Sample:
        return self.lists[self.chosen[item]][item]


@dataclass(frozen=True, kw_only=True)
class MixtureSpec(NetworkSpec):
    """Everything that determines the weights of a network trained on both; `distribution`, `acceleration` are P's."""

    q: str
    q_acceleration: float
    coefficient: float

    @property
    def name(self) -> str:
        return f"{super().name}_{self.coefficient:g}_{self.q}_{self.q_acceleration:g}x"

    @property
    def data_digest(self) -> str:
        names = (self.distribution, self.q)
        both = [data_digest(distribution(name), "train", self.train_slices, self.source) for name in names]
        return hashlib.sha256("".join(both).encode()).hexdigest()[:16]

    @property
    def kinds(self) -> list[Side]:
        """P or Q for each training slice; a batch contains only one of them."""
        return sides(self.train_slices, self.coefficient, self.recipe.seed)

    def training_slices(self) -> Mixed:
        """Slices of P and of Q; no list position, and hence no simulated patient, is used for both."""
        of_p = dataset(self.distribution, "train", self.train_slices, self.acceleration, self.source)
        of_q = dataset(self.q, "train", self.train_slices, self.q_acceleration, self.source)
        return Mixed({"P": of_p, "Q": of_q}, self.kinds)


@dataclass(frozen=True)
class Mixtures:
    """Supervised networks trained on mixtures of an experiment's P and Q, scored on both.

    Args:
        experiment: the pair and the training; without a number of training slices, that of the shorter list is used.
        test_slices: number per side; 0 uses paper A's lists.
    """

    experiment: Experiment
    test_slices: int

    @property
    def train_slices(self) -> int:
        """Number of training slices of every network, for any coefficient."""
        lists = [distribution(self.experiment.side(side)[0]).train_slices for side in SIDES]
        return self.experiment.train_slices or min(lists)

    def spec(self, coefficient: float) -> NetworkSpec:
        """Specification of a mixture's network; at 0 and 1 the supervised network of P or of Q. Errors: see `sides`."""
        sides(self.train_slices, coefficient)
        experiment = replace(self.experiment, train_slices=self.train_slices)
        one = experiment.spec("supervised", "Q" if coefficient == 1 else "P")
        if coefficient in (0, 1):
            return one
        q, acceleration = experiment.side("Q")
        fields = {name: getattr(one, name) for name in one.__dataclass_fields__}
        return MixtureSpec(**fields, q=q, q_acceleration=acceleration, coefficient=float(coefficient))

    def tests(self, side: Side, count: int | None = None) -> InMemory:
        """Test slices of one side, or the first `count` of them."""
        name, acceleration = self.experiment.side(side)
        return dataset(name, "test", count or self._count(name), acceleration, self.experiment.source)

    def _count(self, name: str) -> int:
        return self.test_slices or distribution(name).test_slices

    def measure(
        self, coefficient: float, device: torch.device | str = "cpu", progress: Progress | None = None
    ) -> Scores:
        """Measure the SSIM of each test slice of P and of Q, to six digits; trains the network if missing."""
        model = network(self.spec(coefficient), device, progress)
        scores = {side: ssim_without_ttt(model, self.tests(side), device) for side in SIDES}
        return {side: [round(score, 6) for score in column] for side, column in scores.items()}

    @property
    def table(self) -> StoredTable:
        """Table in which scores are stored."""
        one = self.spec(0)
        settings = {
            "architecture": one.architecture,
            "recipe": one.recipe.card,
            "train_slices": self.experiment.train_slices,
            "test_slices": self.test_slices,
            "source": one.source,
        }
        return StoredTable("mixtures", settings, {__name__})

    def key(self, coefficient: float) -> dict[str, object]:
        """Key of a row: shift, coefficient, digests of the network and of the test slices, and their accelerations."""
        sides = [self.experiment.side(side) for side in SIDES]
        tests = [data_digest(distribution(n), "test", self._count(n), self.experiment.source) for n, _ in sides]
        spec = self.spec(coefficient)
        return {
            "shift": self.experiment.shift,
            "coefficient": float(coefficient),
            "network": spec.digest,
            "tests": tests,
            "accelerations": [acceleration for _, acceleration in sides],
        }

    def scores(self, coefficient: float, recompute: bool = False, device: torch.device | str = "cpu") -> Scores:
        """Scores from the table, or measured now if missing or if `recompute` is set."""
        return self.stored_row(coefficient, device).read(recompute)

    def stored_row(self, coefficient: float, device: torch.device | str = "cpu") -> StoredRow:
        """Stored row with the scores of a mixture; computing it trains the network if missing."""
        return StoredRow(self.table, self.key(coefficient), partial(self.measure, coefficient, device))

    def sweep(
        self, coefficients: Sequence[float], train_missing: bool = False, device: torch.device | str = "cpu"
    ) -> dict[float, Scores]:
        """Scores of both ends and of the mixtures in the table; `train_missing` also computes the others."""
        rows = {}
        for coefficient in sorted({0.0, *coefficients, 1.0}):
            if coefficient in (0, 1) or train_missing or self.table.find(self.key(coefficient)):
                rows[coefficient] = self.scores(coefficient, device=device)
        return rows


@dataclass(frozen=True)
class Outcome:
    """Gain of a mixture on Q and cost on P, as shares of the gap between the networks of P alone and Q alone.

    Args:
        scores: scores of the mixture.
        of_p, of_q: scores of the networks trained on one side, on the same slices.
    """

    scores: Scores
    of_p: Scores
    of_q: Scores

    @property
    def gained(self) -> FractionClosed:
        """Share of the gap on Q that is closed: (Q(c) − Q(0)) / (Q(1) − Q(0))."""
        return fraction_closed(self.of_q["Q"], self.of_p["Q"], self.of_q["Q"], self.scores["Q"])

    @property
    def kept(self) -> FractionClosed:
        """Share of the advantage on P that is left: (P(c) − P(1)) / (P(0) − P(1))."""
        return fraction_closed(self.of_p["P"], self.of_q["P"], self.of_p["P"], self.scores["P"])

    @property
    def lost(self) -> Interval:
        """Loss of SSIM on P due to the mixture: P(0) − P(c)."""
        return performance_gap(self.of_p["P"], self.scores["P"])

    @property
    def is_corner(self) -> bool:
        """Whether the curve turns sharply: the intervals of `gained` and `kept` both lie above one half.

        The two shares sum to 1 on the straight line between the ends, and to 2 at the corner of an L.
        """
        shares = [share.interval for share in (self.gained, self.kept)]
        return all(share is not None and share.low > 0.5 for share in shares)

    @property
    def verdict(self) -> str:
        """Whether the L of paper A's Figure 2 appears, in words."""
        if self.gained.interval is None or self.kept.interval is None:
            where = "Q" if self.gained.interval is None else "P"
            return f"no L-shaped path can appear, as there is no gap on {where}"
        return "the L-shaped path appears" if self.is_corner else "the L-shaped path does not clearly appear"

    def __str__(self) -> str:
        return f"gained on Q {self.gained}; kept on P {self.kept}; SSIM lost on P {self.lost}"


def points(scores: Mapping[float, Scores]) -> list[dict[str, Any]]:
    """One point per coefficient, in order: mean SSIM on P (x) and on Q (y) with 95 % intervals, if any."""
    rows = []
    for coefficient, columns in sorted(scores.items()):
        x, y = (mean_interval(columns[side]) for side in SIDES)
        ends = [end if mean.bounded else None for mean in (x, y) for end in (mean.low, mean.high)]
        named = dict(zip(("x_low", "x_high", "y_low", "y_high"), ends, strict=True))
        rows.append({"coefficient": coefficient, "x": x.value, "y": y.value, **named})
    return rows


def curves(scores: Mapping[float, Scores]) -> list[dict[str, float | str]]:
    """Two points per coefficient, in order: mean SSIM on P and on Q with its 95 % interval, named by `tested on`."""
    return [
        {"coefficient": coefficient, "tested on": f"SSIM on {side}", **vars(mean_interval(columns[side]))}
        for coefficient, columns in sorted(scores.items())
        for side in SIDES
    ]
