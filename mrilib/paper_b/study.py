"""Several networks on several test sets: trained if missing, scored once, and stored as rows of a table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.slices import SliceDataset
from mrilib.data.sources import Source, data_digest
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.metrics import Match
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_b.protocol import slices_to_test, ssim_scores
from mrilib.store.tables import Key, StoredRow, StoredTable, origin
from mrilib.train.networks import NetworkSpec, network
from mrilib.train.training import Progress

Measures = dict[str, list[float]]  # by name, one number per slice


@dataclass(frozen=True)
class TestSet:
    """Slices of one distribution at an acceleration; the split is "validation" if a choice is made on them."""

    distribution: str
    slices: int
    acceleration: int = 4
    split: str = "test"

    __test__ = False  # not a test class for pytest

    def load(self, source: Source) -> SliceDataset:
        """Load the slices, with paper B's masks."""
        return slices_to_test(self.distribution, self.slices, self.acceleration, source, self.split)

    @property
    def slice_list(self) -> tuple[str, str, int]:
        """(distribution, split, number of slices)."""
        return self.distribution, self.split, self.slices

    def digest(self, source: Source) -> str:
        """Digest of the slices."""
        return data_digest(distribution(self.distribution), self.split, self.slices, source)


@dataclass(frozen=True)
class Study:
    """Scores of every network on every test set.

    Args:
        name: name of the stored table.
        arms: networks by name.
        tests: test sets by name.
        match: see `protocol.ssim_scores`.
        measure: function that gives a row from the trained network, test slices, `match` and the device; SSIM if None.
        source: source of the test slices.
        device: device to train and score on.
        recompute: whether to recompute rows instead of reading stored ones; stored networks are not retrained.
        progress: progress callback of training.
        conditions: anything else that determines the measures, as JSON values.
    """

    name: str
    arms: Mapping[str, NetworkSpec]
    tests: Mapping[str, TestSet]
    match: Match | None = None
    source: Source = "simulated"
    device: torch.device | str = "cpu"
    recompute: bool = False
    progress: Progress | None = None
    measure: Callable[[Reconstructor, SliceDataset, Match | None, torch.device | str], Measures] | None = None
    conditions: Mapping[str, object] = field(default_factory=dict)
    _read: dict[tuple[str, str], Measures] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> StoredTable:
        """Table with one row per network and test set."""
        measure = self.measure.func if isinstance(self.measure, partial) else self.measure or _ssim
        modules = {__name__, measure.__module__, *(type(arm).__module__ for arm in self.arms.values())}
        return StoredTable(self.name, {"source": self.source, "match": self.match, **self.conditions}, modules)

    def key(self, arm: str, test: str) -> Key:
        """Key of a stored row, from digests of the network's data, recipe and architecture and of the test slices."""
        one = self.tests[test]
        where: dict[str, object] = {"test": one.distribution, "slices": one.slices, "acceleration": one.acceleration}
        where["data"] = one.digest(self.source)
        return {"network": self.arms[arm].name, "digest": self.arms[arm].digest, **where}

    def stored_row(self, arm: str, test: str) -> StoredRow:
        """Stored row of a network's measures on a test set; computing it trains the network if weights are missing."""
        return StoredRow(self.table, self.key(arm, test), partial(self._compute, arm, test))

    def rows(self) -> list[StoredRow]:
        """Stored rows of all networks on all test sets."""
        return [self.stored_row(arm, test) for arm in self.arms for test in self._filled]

    @property
    def _filled(self) -> list[str]:
        return [name for name, test in self.tests.items() if test.slices]

    @property
    def origin(self) -> str:
        """Origin of the rows, for captions."""
        return origin(self.rows())

    @property
    def missing(self) -> list[str]:
        """Networks with at least one row that is not stored yet."""
        return [arm for arm in self.arms if any(self.table.find(self.key(arm, test)) is None for test in self._filled)]

    def scores(self, arm: str, test: str, measure: str = "ssim") -> list[float]:
        """Measure of each slice of a test set; trains the network if neither the row nor the weights are stored."""
        if (arm, test) not in self._read:
            if test not in self._filled:
                return []
            self._read[arm, test] = self.stored_row(arm, test).read(self.recompute)
        return self._read[arm, test][measure]

    def _compute(self, arm: str, test: str) -> Measures:
        slices = self.tests[test].load(self.source)
        model = network(self.arms[arm], self.device, self.progress)
        found = (self.measure or _ssim)(model, slices, self.match, self.device)
        return {name: [round(value, 6) for value in values] for name, values in found.items()}

    def over(self, arm: str, tests: Mapping[str, object] | None = None, measure: str = "ssim") -> list[float]:
        """Measure of all slices of several test sets, or of all test sets."""
        return [score for test in (self.tests if tests is None else tests) for score in self.scores(arm, test, measure)]

    def mean(self, arm: str, tests: Mapping[str, object] | None = None, measure: str = "ssim") -> Interval:
        """Mean of a measure over the slices of several test sets."""
        return mean_interval(self.over(arm, tests, measure))

    def difference(
        self, arm: str, other: str, tests: Mapping[str, object] | None = None, measure: str = "ssim"
    ) -> Interval:
        """Mean of a measure of one network minus that of another, on the same slices."""
        return performance_gap(self.over(arm, tests, measure), self.over(other, tests, measure))


def _ssim(model: Reconstructor, slices: SliceDataset, match: Match | None, device: torch.device | str) -> Measures:
    return {"ssim": ssim_scores(model, slices, match, device)}
