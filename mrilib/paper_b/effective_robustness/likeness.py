"""Whether training sets that look more like the test set also yield better networks for it (paper B, §4, Figure 6)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal, get_args

import numpy as np
import torch

from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import data_digest, slices_of
from mrilib.gap import Interval, correlation, performance_gap
from mrilib.paper_b.effective_robustness.experiment import QUARTER, SIZES, P, arms, candidates, shift_named
from mrilib.paper_b.effective_robustness.nearest import Features, nearest_similarity, patch, vgg
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.paper_b.pairs import shared_out
from mrilib.paper_b.perceptual import available, load
from mrilib.paper_b.protocol import UnionSpec, equispaced
from mrilib.paper_b.study import Study, TestSet
from mrilib.store.tables import Key, Row, StoredRow, StoredTable

Q = "Q"
PATCH = 28  # pixels per side: a quarter of our smaller images, as 80 is of the paper's
DRAWS = 4  # of the patches, over which similarities are averaged: a single draw moves a correlation by 0.1
LIKENED = ("anatomy", "contrast", "field")  # shifts of Figure 6
FeatureName = Literal["vgg", "patch"]


@dataclass(frozen=True)
class Likeness:
    """Equally large training sets (every part of P, P itself, Q): their similarity to Q and their networks.

    Args:
        name: name of the shift, see `experiment.SHIFTS`.
        p: parameters of the notebook.
        device: see `Study`.
        features: "vgg" or "patch", see `nearest`; used in place of paper B's CLIP.

    Raises:
        ValueError: unknown features.

    Reference: Lin, Heckel, ICML 2024, §4, Figure 6; App. D.
    """

    name: str
    p: Parameters
    device: torch.device | str = "cpu"
    features: FeatureName = "vgg"

    def __post_init__(self) -> None:
        if self.features not in get_args(FeatureName):
            raise ValueError(f"features {self.features!r}: expected one of {', '.join(get_args(FeatureName))}")

    @property
    def networks(self) -> dict[str, UnionSpec]:
        """Networks of each part of P alone, and of P: those of `experiment` on a quarter of the slices."""
        return candidates(self.name, self.p) | {P: arms(self.name, self.p)[f"{P}, {QUARTER}"]}

    @property
    def of_varnet(self) -> "Likeness":
        """Same training sets, with the VarNet of the parameters (Figure 11)."""
        return replace(self, p=self.p.with_varnet)

    @property
    def lists(self) -> dict[str, dict[str, int]]:
        """Training slices by set; no network is trained on Q."""
        count = self.p.train_slices // SIZES[QUARTER][0]
        own = {name: spec.lists for name, spec in self.networks.items()}
        return own | {Q: shared_out(shift_named(self.name).pair.q, count)}

    @cached_property
    def study(self) -> Study:
        """The networks on test slices of Q."""
        shift, count = shift_named(self.name), self.p.test_slices
        tests = {part: TestSet(part, count) for part in shift.tested}
        given = shift.match, self.p.source, self.device, self.p.recompute
        return Study("robustness", self.networks, tests, *given)

    @property
    def table(self) -> StoredTable:
        """Table of similarities, one row per training set."""
        settings = {"source": self.p.source, "features": self.features, "patch": PATCH, "draws": DRAWS}
        return StoredTable("likeness", settings, {__name__})

    def _digest(self, split: str, taken: Mapping[str, int]) -> str:
        digests = [data_digest(distribution(part), split, count, self.p.source) for part, count in taken.items()]
        return hashlib.sha256("".join(digests).encode()).hexdigest()[:16]

    @property
    def _tests(self) -> dict[str, int]:
        return dict.fromkeys(shift_named(self.name).tested, self.p.test_slices)

    def key(self, trained_on: str) -> Key:
        """Key of a stored row; depends on digests of both lists of slices."""
        train = self._digest("train", self.lists[trained_on])
        return {"shift": self.name, "train": trained_on, "data": train, "test": self._digest("test", self._tests)}

    def stored_row(self, trained_on: str) -> StoredRow:
        """Stored row: similarity of each test slice of Q to a training set; "vgg" needs weights, see `perceptual`."""
        return StoredRow(self.table, self.key(trained_on), partial(self._compute, trained_on))

    def rows(self) -> list[StoredRow]:
        """Stored rows of all training sets."""
        return [self.stored_row(trained_on) for trained_on in self.lists]

    @property
    def stored(self) -> bool:
        """Whether nothing has to be trained, scored or embedded."""
        return not self.study.missing and all(self.table.find(row.key) for row in self.rows())

    @property
    def measurable(self) -> bool:
        """Whether similarities are stored, or can be computed from available weights."""
        stored = not self.p.recompute and all(self.table.find(row.key) for row in self.rows())
        return self.features == "patch" or stored or available()

    def _images(self, split: str, taken: Mapping[str, int]) -> dict[str, torch.Tensor]:
        source, sampling = self.p.source, equispaced([4])  # targets do not depend on the sampling
        pairs = [pair for part, count in taken.items() for pair in slices_of(distribution(part), split, count, source)]
        found = SliceDataset(pairs, sampling, maps=False)
        samples = [found[item] for item in range(len(found))]
        return {sample.names[0]: sample.target[0, 0] for sample in samples}

    @cached_property
    def _features(self) -> Features:
        return patch if self.features == "patch" else vgg(load(self.device))

    def similarities(self, trained_on: str) -> list[float]:
        """Similarity of each test slice of Q to a training set; raises WeightsError if VGG16's weights are missing."""
        return self.stored_row(trained_on).read(self.p.recompute)["similarity"]

    def _compute(self, trained_on: str) -> Row:
        train, test = self._images("train", self.lists[trained_on]), self._images("test", self._tests)
        draws = [nearest_similarity(train, test, self._features, PATCH, seed=seed) for seed in range(DRAWS)]
        return {"similarity": [round(value, 6) for value in torch.stack(draws).mean(0).tolist()]}

    def correlation(self) -> Interval:
        """Correlation between mean similarity to Q and mean SSIM on Q; the networks' training sets are the sample."""
        near, good = ([np.mean(of(name)) for name in self.networks] for of in (self.similarities, self.study.over))
        return correlation(near, good)

    def nearer(self) -> Interval:
        """Similarity of Q's test slices to Q's training slices minus that to P's."""
        return performance_gap(self.similarities(Q), self.similarities(P))

    def diversity(self) -> tuple[Interval, Interval]:
        """Advantage of P over the mean of its parts, in similarity to Q and in SSIM on Q."""
        parts = [name for name in self.networks if name != P]
        near = np.mean([self.similarities(name) for name in parts], 0)
        good = np.mean([self.study.over(name) for name in parts], 0)
        return performance_gap(self.similarities(P), near), performance_gap(self.study.over(P), good)


def likenesses(p: Parameters, device: torch.device | str = "cpu") -> dict[FeatureName, dict[str, Likeness]]:
    """Likeness under every shift of Figure 6, by each measurable kind of features, nearest to the paper's first."""
    found = {kind: {name: Likeness(name, p, device, kind) for name in LIKENED} for kind in get_args(FeatureName)}
    return {kind: shifts for kind, shifts in found.items() if all(one.measurable for one in shifts.values())}
