"""Run paper A as written and as its published code does it, on the same test slices."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import data_digest
from mrilib.gap import RESAMPLES, FractionClosed, Interval, bootstrap_interval, fraction_closed, performance_gap
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.experiment import Experiment, Side
from mrilib.paper_a.paper_versus_code.as_published import (
    Leaking,
    OneMask,
    OneMaskSpec,
    Score,
    filled,
    score,
    volume_maximum,
)
from mrilib.paper_a.paper_versus_code.discrepancies import NOT_RUN
from mrilib.sample import Sample
from mrilib.sampling import Undersampling
from mrilib.scoring import reconstruct, with_cropped_maps
from mrilib.store.tables import StoredRow, StoredTable, origin
from mrilib.train.adaptation import adapt
from mrilib.train.networks import InMemory, NetworkSpec, network
from mrilib.train.objectives import Loss
from mrilib.ttt import Settings

PUBLISHED_ITERATIONS = 2500
SCHEMES: dict[str, tuple[Loss, Side, bool]] = {  # loss, side of training, test-time training
    "supervised on Q": ("supervised", "Q", False),
    "supervised on P": ("supervised", "P", False),
    "joint on Q + TTT": ("joint", "Q", True),
    "joint on P + TTT": ("joint", "P", True),
}
MAIN = "joint on P + TTT"
GAP_ARMS = ("as written", "per-part RSS", "score of fastMRI", "as published")  # run for all four schemes
Scores = dict[str, list[float]]


@dataclass(frozen=True)
class Arm:
    """One way to run the experiment; anything not given follows the paper.

    Args:
        settings: changes to test-time training; a `window` refers to the published 2500 iterations.
        network: network with the input of the paper or of the code, or the paper's network trained with one mask.
        sampling: under-sampling of the test slices.
        maps: transform of a test slice that changes its coil maps.
        leaking: whether held-out data stay in the network's input.
        score: see `as_published.score`.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    network: Literal["paper", "code", "one mask"] = "paper"
    sampling: Undersampling | None = None
    maps: Callable[[Sample], Sample] | None = None
    leaking: bool = False
    score: Score = "published"


UNIQUE = 1 - math.exp(-0.05)  # fraction of m pixels hit by m/20 draws with replacement
PUBLISHED = {"fidelity": "code", "holdout": UNIQUE, "iterate": "last", "window": 100, "norm": "real_view"}
ARMS: dict[str, Arm] = {
    "as written": Arm(),
    "per-part RSS": Arm(network="code"),
    "one mask": Arm(network="one mask", sampling=OneMask()),
    "R = 3.86": Arm(sampling=Undersampling(320 / 83, 32 / 320)),
    "cropped maps": Arm(network="code", maps=with_cropped_maps),
    "filled maps": Arm(network="code", maps=filled),
    "leaking": Arm(leaking=True),
    "leaking, centre too": Arm({"fidelity": "code"}),
    "lines": Arm({"unit": "lines"}),
    "with replacement": Arm({"holdout": UNIQUE}),
    "another seed": Arm({"seed": 1}),
    "last iterate": Arm({"iterate": "last"}),
    "window of 20": Arm({"window": 20}),
    "window of 100": Arm({"window": 100}),
    "first rise": Arm({"window": 1}),
    "real view": Arm({"norm": "real_view"}),
    "score unmatched": Arm(score="unmatched"),
    "score of fastMRI": Arm(score="fastMRI"),
    "score reversed": Arm(score="reversed"),
    "as published": Arm(PUBLISHED, "code", maps=filled),
}


@dataclass(frozen=True)
class Bench:
    """Test slices of Q on which every arm runs.

    Args:
        experiment: shift and networks, as in the paper.
        settings: settings of test-time training, as in the paper.
        test_slices: number of slices; 0 takes paper A's list.
        device, workers: see `adaptation.adapt`.
    """

    experiment: Experiment
    settings: Settings
    test_slices: int
    device: torch.device | str = "cpu"
    workers: int = 1

    def resolved(self, arm: Arm) -> Settings:
        """Settings of the arm, with its window scaled to the same share of the iterations as in the published code."""
        changes = dict(arm.settings)
        if "window" in changes:
            changes["window"] = scaled_window(changes["window"], self.settings.max_iterations)
        return replace(self.settings, **changes)

    def samples(self, arm: Arm, count: int) -> list[Sample]:
        """First `count` test slices, under-sampled and prepared for the arm."""
        slices = self.experiment.test_slices(count)
        if arm.sampling is not None:
            slices = InMemory(SliceDataset(slices.slices.slices, arm.sampling))
        found = [slices[item] for item in range(len(slices))]
        return found if arm.maps is None else [arm.maps(sample) for sample in found]

    def spec(self, arm: Arm, loss: Loss, side: Side) -> NetworkSpec:
        """Specification of the network that the arm needs."""
        architecture = dict(self.experiment.architecture)
        if arm.network == "code":
            architecture["fidelity"] = "code"
        spec = replace(self.experiment, architecture=architecture).spec(loss, side)
        if arm.network != "one mask":
            return spec
        fields = {name: getattr(spec, name) for name in spec.__dataclass_fields__}
        return OneMaskSpec(**fields, sampling=OneMask(spec.acceleration))

    def measure(self, name: str, scheme: str = MAIN, count: int | None = None) -> list[float]:
        """Run the arm now and return the SSIM of each test slice, or of the first `count`, to six digits."""
        arm, (loss, side, tuned) = ARMS[name], SCHEMES[scheme]
        samples = self.samples(arm, self.test_slices if count is None else count)
        model = network(self.spec(arm, loss, side), self.device)
        images = self._tuned(model, samples, arm) if tuned else self._plain(model, samples)
        limits = self._maxima(len(samples)) if arm.score == "fastMRI" else [None] * len(samples)
        rows = zip(images, samples, limits, strict=True)
        return [round(score(image, sample, arm.score, limit), 6) for image, sample, limit in rows]

    def _plain(self, model: Reconstructor, samples: Sequence[Sample]) -> list[Tensor]:
        return [reconstruct(model, sample.to(self.device)).cpu() for sample in samples]

    def _tuned(self, model: Reconstructor, samples: Sequence[Sample], arm: Arm) -> list[Tensor]:
        settings = self.resolved(arm)
        if arm.leaking:
            pairs = [(Leaking(model, sample.to(self.device)), sample) for sample in samples]
            runs = [adapt(leaking, [sample], settings, device=self.device)[0] for leaking, sample in pairs]
        else:
            runs = adapt(model, samples, settings, device=self.device, workers=self.workers)
        return [run.record.image for run in runs]

    def _maxima(self, count: int) -> list[float | None]:
        entry = distribution(self.experiment.side("Q")[0])
        return [volume_maximum(entry, path) for path, _ in self.experiment.test_slices(count).slices.slices]

    @property
    def table(self) -> StoredTable:
        """Table in which scores are stored."""
        name = self.experiment.side("Q")[0]
        count = self.test_slices or distribution(name).test_slices
        digest = data_digest(distribution(name), "test", count, self.experiment.source)
        return StoredTable(
            "fidelity", {"shift": self.experiment.shift, "test_slices": count, "tests": digest}, {__name__}
        )

    def key(self, name: str, scheme: str = MAIN) -> dict[str, Any]:
        """Key of a row: arm, scheme, network digest and, if there is TTT, its settings."""
        loss, side, tuned = SCHEMES[scheme]
        settings = self.resolved(ARMS[name]).card if tuned else None
        digest = self.spec(ARMS[name], loss, side).digest
        return {"arm": name, "scheme": scheme, "network": digest, "settings": settings}

    def scores(self, name: str, scheme: str = MAIN, recompute: bool = False) -> list[float]:
        """SSIM of each test slice from the table, or measured now if missing or if `recompute` is set."""
        return self.stored_row(name, scheme).read(recompute)["ssim"]

    def stored_row(self, name: str, scheme: str = MAIN) -> StoredRow:
        """Stored row with the SSIM of each test slice."""
        return StoredRow(self.table, self.key(name, scheme), lambda: {"ssim": self.measure(name, scheme)})

    def rows(self) -> dict[tuple[str, str], StoredRow]:
        """Stored rows of everything that the section compares, by (arm, scheme)."""
        pairs = [(name, MAIN) for name in ARMS] + [(name, scheme) for name in GAP_ARMS for scheme in SCHEMES]
        return {pair: self.stored_row(*pair) for pair in pairs}

    def found(self, name: str, scheme: str = MAIN) -> list[float] | None:
        """SSIM of each test slice from the table, or None if missing."""
        entry = self.table.find(self.key(name, scheme))
        return None if entry is None else entry["row"]["ssim"]

    def provenance(self) -> str:
        """Origin of the stored rows, for captions; raises ValueError if there are none."""
        stored = [row for pair, row in self.rows().items() if self.found(*pair)]
        if not stored:
            raise ValueError("no row is stored for these parameters; -p recompute missing computes it (hours on a CPU)")
        return origin(stored)

    def schemes(self, name: str) -> Scores | None:
        """Scores of all four schemes of the gap from the table, or None if any is missing."""
        columns = {scheme: self.found(name, scheme) for scheme in SCHEMES}
        return {scheme: column for scheme, column in columns.items() if column} if all(columns.values()) else None

    def change(self, arms: tuple[str, str]) -> Interval | None:
        """SSIM of the first arm minus that of the second, paired over test slices, or None if either was not run."""
        first, second = (self.found(name) for name in arms)
        return None if first is None or second is None else performance_gap(first, second)


def scaled_window(published: int, iterations: int) -> int:
    """Scale a window of the published 2500 iterations to the same share of `iterations`, at least 1."""
    return max(1, round(published * iterations / PUBLISHED_ITERATIONS))


def closed(scores: Mapping[str, Sequence[float]]) -> FractionClosed:
    """Fraction of the gap closed, computed from the scores of the four schemes."""
    before_q, before_p, after_q, after_p = (scores[scheme] for scheme in SCHEMES)
    return fraction_closed(before_q, before_p, after_q, after_p)


def change_in_closed(
    first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]], seed: int = 0
) -> FractionClosed:
    """Fraction closed of the first minus that of the second, resampling all eight lists jointly.

    Args:
        first, second: scores of the four schemes on the same test slices.

    Returns:
        The change with its interval; undefined if either has no gap to close.
    """
    for one in (closed(first), closed(second)):
        if one.interval is None:
            return one
    table = np.array([[scores[scheme] for scheme in SCHEMES] for scores in (first, second)])
    picks = np.random.default_rng(seed).integers(table.shape[-1], size=(RESAMPLES, table.shape[-1]))
    drawn = _closed_difference(table[..., picks].mean(-1))
    return FractionClosed(bootstrap_interval(float(_closed_difference(table.mean(-1))), drawn, table.shape[-1]))


def _closed_difference(means: np.ndarray) -> np.ndarray:
    """Difference in fraction closed from means of shape (first or second, scheme, …)."""
    fractions = 1 - (means[:, 2] - means[:, 3]) / (means[:, 0] - means[:, 1])
    return fractions[0] - fractions[1]


def gap_row(name: str, scores: Scores | None, reference: Scores | None) -> dict[str, Any]:
    """Table row of an arm: gap before and after, fraction closed, and its change relative to `reference`."""
    if scores is None:
        return {"arm": name, "closed": NOT_RUN}
    before_q, before_p, after_q, after_p = (scores[scheme] for scheme in SCHEMES)
    return {
        "arm": name,
        "before": vars(performance_gap(before_q, before_p)),
        "after": vars(performance_gap(after_q, after_p)),
        "closed": str(closed(scores)),
        "change": "–" if reference is None or reference is scores else str(change_in_closed(scores, reference)),
    }
