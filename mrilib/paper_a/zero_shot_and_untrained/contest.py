"""Comparison of methods that adapt to one slice, on the same slices, each with its own best learning rate."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import accumulate
from statistics import fmean, median
from typing import Any

import torch

from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.zero_shot_and_untrained.untrained import random_network
from mrilib.paper_a.zero_shot_and_untrained.zero_shot import ZeroShotSettings, adapt_zero_shot, timed
from mrilib.sample import Sample
from mrilib.store.tables import Key, Row, StoredRow, StoredTable
from mrilib.train.adaptation import Adapted, adapt
from mrilib.train.networks import NetworkSpec
from mrilib.train.networks import network as trained_network
from mrilib.ttt import Settings, test_time_train

MOST_CURVES = 4  # test slices per method
CURVE_AT = (0, *sorted({round(1.3**k) for k in range(26)}))  # iterations at which they are scored


@dataclass(frozen=True)
class Method:
    """Adaptation method: TTT or ZS-SSL, depending on its settings, starting from a network.

    `start` identifies the network in stored tables, as JSON values; see `trained` and `untrained`.
    """

    network: Reconstructor
    settings: Settings | ZeroShotSettings
    start: Mapping[str, Any]

    def adapt(self, slices: Sequence[Sample], rate: float, device: torch.device | str = "cpu") -> list[Adapted]:
        """Adapt to each slice separately, one after the other, at this learning rate."""
        settings = replace(self.settings, learning_rate=rate)
        if isinstance(settings, ZeroShotSettings):
            return adapt_zero_shot(self.network, slices, settings, device)
        return adapt(self.network, slices, settings, device=device)

    def now(self, sample: Sample, rate: float) -> Adapted:
        """Adapt to one slice now, even if a cache holds the result."""
        settings = replace(self.settings, learning_rate=rate)
        if isinstance(settings, ZeroShotSettings):
            return adapt_zero_shot(self.network, [sample], settings, sample.mask.device)[0]
        given = (sample.masked_kspace, sample.mask, sample.sens_maps)
        return timed(lambda _: test_time_train(self.network, *given, settings), sample)

    def key(self, rate: float) -> dict[str, Any]:
        """Key of everything that determines the result of a slice."""
        settings = replace(self.settings, learning_rate=rate)
        return {**self.start, **(settings.card if isinstance(settings, Settings) else asdict(settings))}


def trained(spec: NetworkSpec, settings: Settings | ZeroShotSettings, device: torch.device | str = "cpu") -> Method:
    """Method that starts from a trained network, see `networks.network`."""
    return Method(trained_network(spec, device), settings, {"network": spec.name, "digest": spec.digest})


def untrained(
    architecture: Mapping[str, Any], settings: Settings | ZeroShotSettings, device: torch.device | str = "cpu"
) -> Method:
    """Method that starts from random weights, drawn with the seed of the settings."""
    model = random_network(architecture, settings.seed).to(device)
    return Method(model, settings, {"network": "random weights", "architecture": dict(architecture)})


def climb(rates: Sequence[float], score: Callable[[float], float]) -> dict[float, float]:
    """Search for the best rate by hill climbing, and return the score of each rate tried.

    The search starts at the middle of the sorted rates and moves to a neighbour as long as this scores higher, upwards
    first. If the maximum lies inside the list, both of its neighbours are tried. The result is correct if the scores
    have a single maximum.
    """
    ordered = sorted(rates)
    best = (len(ordered) - 1) // 2
    tried = {ordered[best]: score(ordered[best])}
    for step in (1, -1):
        while 0 <= best + step < len(ordered):
            here, beside = ordered[best], ordered[best + step]
            if beside not in tried:
                tried[beside] = score(beside)
            if tried[beside] <= tried[here]:
                break
            best += step
    return dict(sorted(tried.items()))


@dataclass(frozen=True)
class Contest:
    """Results of several methods as rows of a stored table.

    Args:
        methods: methods by name.
        table: stored table; its settings must determine the slices.
        rates: learning rates of Adam to choose from, see `climb`.
        validation, test: slices; the rate is chosen on validation slices, and test slices are scored only at that rate.
        device: device to compute on.
        machine: name of the machine, stored with the times.
        recompute: whether to recompute all rows once instead of reading them.
    """

    methods: Mapping[str, Method]
    table: StoredTable
    rates: Sequence[float]
    validation: Sequence[Sample]
    test: Sequence[Sample]
    device: torch.device | str = "cpu"
    machine: str = ""
    recompute: bool = False
    _read: dict[str, Row] = field(default_factory=dict, repr=False)

    def _get(self, row: StoredRow) -> Row:
        name = json.dumps(row.key)
        if name not in self._read:
            self._read[name] = row.read(self.recompute)
        return self._read[name]

    def _scored(self, name: str, split: str, rate: float) -> StoredRow:
        slices = self.validation if split == "validation" else self.test

        def compute() -> Row:
            return {**as_row(self.methods[name].adapt(slices, rate, self.device)), "machine": self.machine}

        return StoredRow(self.table, self._key(name, rate, split, len(slices)), compute)

    def _key(self, name: str, rate: float, split: str, count: int) -> Key:
        return {"method": name, "split": split, "count": count, **self.methods[name].key(rate)}

    def on_validation(self, name: str) -> dict[float, float]:
        """Mean SSIM on the validation slices at each learning rate that was tried, see `climb`."""
        return climb(self.rates, lambda rate: fmean(self._get(self._scored(name, "validation", rate))["ssim"]))

    def rate(self, name: str) -> float:
        """Learning rate with the best score on the validation slices."""
        tried = self.on_validation(name)
        return max(tried, key=tried.__getitem__)

    def scored_on_test(self, name: str) -> StoredRow:
        """Stored row of `on_test`."""
        return self._scored(name, "test", self.rate(name))

    def on_test(self, name: str) -> Row:
        """SSIM, seconds and iterations of each test slice, see `as_row`."""
        return self._get(self.scored_on_test(name))

    def affordable(self, seconds: float, item: int) -> list[str]:
        """The fastest methods whose times for one test slice together fit into `seconds`."""
        cost = {name: self.on_test(name)["seconds"][item] for name in self.methods}
        cheapest = sorted(cost, key=cost.__getitem__)
        totals = accumulate(cost[name] for name in cheapest)
        return [name for name, total in zip(cheapest, totals, strict=True) if total <= seconds]

    def live(self, name: str, item: int) -> Adapted:
        """Adapt to one test slice again, now."""
        return self.methods[name].now(self.test[item], self.rate(name))

    def curve(self, name: str, count: int, at: Sequence[int]) -> Row:
        """True SSIM of the first test slices during all of test-time training, also past its stopping point.

        Args:
            name: name of a method that uses test-time training.
            count: number of slices.
            at: iterations; those beyond the last are omitted.

        Returns:
            "iterations", and "ssim" with one list for each slice.

        Raises:
            ValueError: the method is ZS-SSL, whose network gets a different input in every step.
        """
        return self._get(self._curve(name, count, at))

    def _curve(self, name: str, count: int, at: Sequence[int]) -> StoredRow:
        settings = self._ttt(name).running_on()
        steps = [step for step in at if step < settings.max_iterations]
        key = {**self._key(name, self.rate(name), "test", count), "iterations": steps}
        network, slices = self.methods[name].network, self.test[:count]
        return StoredRow(self.table, key, lambda: _curve(network, slices, settings, steps, self.device))

    def _ttt(self, name: str) -> Settings:
        settings = self.methods[name].settings
        if isinstance(settings, ZeroShotSettings):
            raise ValueError("curve: for test-time training only; the input of ZS-SSL's network changes in every step")
        return replace(settings, learning_rate=self.rate(name))

    def rows(self) -> list[StoredRow]:
        """Stored rows: scores on validation slices at each rate tried, on test slices at the best, and the curves."""
        tried = [self._scored(name, "validation", rate) for name in self.methods for rate in self.on_validation(name)]
        scored = [self.scored_on_test(name) for name in self.methods]
        return [*tried, *scored, *(self._curve(name, self.curve_slices, CURVE_AT) for name in self.curved)]

    @property
    def curved(self) -> list[str]:
        """Methods whose curves are drawn: those of test-time training, starting from P or from random weights."""
        ttt = [name for name, one in self.methods.items() if not isinstance(one.settings, ZeroShotSettings)]
        return [name for name in ttt if not name.startswith("joint on Q")]

    @property
    def curve_slices(self) -> int:
        """Number of test slices that a curve averages."""
        return min(MOST_CURVES, len(self.test))


def as_row(adapted: Sequence[Adapted]) -> Row:
    """Stored row: score, time, number of iterations and the chosen iteration, for each slice."""
    return {
        "slices": [one.name for one in adapted],
        "ssim": [round(one.ssim, 6) for one in adapted],
        "seconds": [round(one.seconds, 2) for one in adapted],
        "iterations": [len(one.record.history.train_error) for one in adapted],
        "chosen_at": [one.record.chosen_at for one in adapted],
    }


def spread(values: Sequence[float], digits: int = 1) -> str:
    """Median and range, as text."""
    middle, low, high = (f"{value:.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} [{low}, {high}]"


def _curve(
    network: Reconstructor,
    slices: Sequence[Sample],
    settings: Settings,
    at: Sequence[int],
    device: torch.device | str,
) -> Row:
    adapted = adapt(network, slices, settings, score_at=at, device=device)
    scores = [one.record.history.score for one in adapted]
    return {"iterations": list(at), "ssim": [[round(score[step], 4) for step in at] for score in scores]}
