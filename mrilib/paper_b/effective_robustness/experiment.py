"""Robustness gained from diverse training data: paper B's three shifts and its shift of coils (§4, App. C.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from mrilib.gap import Interval
from mrilib.metrics import Match
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.paper_b.pairs import PAIRS, Pair, shared_out
from mrilib.paper_b.protocol import UnionSpec, union
from mrilib.paper_b.robustness import Models, effective_robustness
from mrilib.paper_b.study import Study, TestSet
from mrilib.train.settled import doubling_moves

BEST, P, P_AND_Q = SETS = ("best of P", "P", "P and Q")
ALL, QUARTER, THIRD = "all", "a quarter of the slices", "a third of the epochs"
SIZES = {ALL: (1, 1), QUARTER: (4, 1), THIRD: (1, 3)}  # divisors of the numbers of slices and of epochs
CONTRAST = Pair(
    "other contrasts and T2 brain",
    tuple(name for name in PAIRS["anatomy"].q if "_t2_" not in name),
    tuple(name for name in PAIRS["anatomy"].q if "_t2_" in name),
)
AVANTO = tuple(name for name in PAIRS["anatomy"].q if name.endswith("_avanto"))


@dataclass(frozen=True)
class Shift:
    """Distribution shift from P, which has several parts, to Q.

    Args:
        title: title in words.
        networks: prefix of the names of its networks.
        pair: distributions on which these are trained.
        tested: distributions of Q on which they are tested.
        match: see `protocol.ssim_scores`.
    """

    title: str
    networks: str
    pair: Pair
    tested: tuple[str, ...]
    match: Match | None = None


KNEE_AND_BRAIN = PAIRS["anatomy"]
SHIFTS = {
    "anatomy": Shift(
        "knee to brain", "anatomy", KNEE_AND_BRAIN, tuple(name for name in KNEE_AND_BRAIN.q if name not in AVANTO)
    ),
    "contrast": Shift("FLAIR, T1, T1POST to T2", "brain_contrast", CONTRAST, CONTRAST.q),
    "field": Shift("1.5 T to 3 T", "field", PAIRS["field"], PAIRS["field"].q),
    "coils": Shift("15 to 4 coils, knee to Avanto brain", "anatomy", KNEE_AND_BRAIN, AVANTO, "mean_std"),
}


def shift_named(name: str) -> Shift:
    """Return the shift with this name; raises ValueError if there is none."""
    if name not in SHIFTS:
        raise ValueError(f"shift {name!r}: expected one of {', '.join(SHIFTS)}")
    return SHIFTS[name]


def _trained(name: str, taken: Mapping[str, int], p: Parameters, shorter: int = 1) -> UnionSpec:
    recipe = replace(p.recipe, epochs=max(1, p.epochs // shorter))
    return union(name, taken, p.architecture, recipe, source=p.source)


def _alone(part: str, size: str, p: Parameters) -> UnionSpec:
    """Specification of a network trained on one distribution only."""
    fewer, shorter = SIZES[size]
    return _trained(f"only_{part}", {part: p.train_slices // fewer}, p, shorter)


def candidates(name: str, p: Parameters) -> dict[str, UnionSpec]:
    """Networks of each part of P, trained on a quarter of the slices; the best one determines P_best."""
    return {part: _alone(part, QUARTER, p) for part in shift_named(name).pair.p}


def arms(name: str, p: Parameters) -> dict[str, UnionSpec]:
    """Networks that do not depend on the choice of P_best: on P and on P and Q, in all sizes.

    P and Q have equally many slices, so P and Q together have twice as many; `SIZES` gives the divisors of each size.
    """
    shift = shift_named(name)
    made = {}
    for size, (fewer, shorter) in SIZES.items():
        of_p, of_q = (shared_out(side, p.train_slices // fewer) for side in (shift.pair.p, shift.pair.q))
        for trained_on, taken in {P: of_p, P_AND_Q: of_p | of_q}.items():
            label = f"{shift.networks}_{trained_on.replace(' ', '_').lower()}"
            made[f"{trained_on}, {size}"] = _trained(label, taken, p, shorter)
    return made


@dataclass(frozen=True)
class Robustness:
    """Networks trained on the best part of P, on P, and on P and Q, tested on both sides of a shift.

    All three are trained in all `SIZES`. P_best has as many slices of its one distribution as P has in total, so that
    training on either takes the same number of steps. In paper B, it has as many as P has of each distribution.

    Args:
        name: name of the shift.
        p: parameters of the notebook.
        device: device to train and score on.

    Reference: Lin, Heckel, ICML 2024, §4, Figure 5; App. C.2, Figure 14.
    """

    name: str
    p: Parameters
    device: torch.device | str = "cpu"

    def _study(self, made: Mapping[str, UnionSpec], tests: Mapping[str, TestSet]) -> Study:
        given = shift_named(self.name).match, self.p.source, self.device, self.p.recompute
        return Study("robustness", made, tests, *given)

    @cached_property
    def selection(self) -> Study:
        """The candidates on validation slices of Q, as many of each distribution as there are test slices."""
        count = self.p.test_slices
        tests = {part: TestSet(part, count, split="validation") for part in shift_named(self.name).tested}
        return self._study(candidates(self.name, self.p), tests)

    @cached_property
    def best(self) -> str:
        """P_best: the part of P whose network scores best on Q's validation slices."""
        means = {part: self.selection.mean(part).value for part in self.selection.arms}
        return max(means, key=means.__getitem__)

    @cached_property
    def study(self) -> Study:
        """All networks, first those of P_best, on test slices of P_best and of Q."""
        own = {f"{BEST}, {size}": _alone(self.best, size, self.p) for size in SIZES}
        tests = {part: TestSet(part, self.p.test_slices) for part in shift_named(self.name).tested}
        inside = {self.best: TestSet(self.best, self.p.best_slices)}
        return self._study(own | arms(self.name, self.p), inside | tests)

    @property
    def tested(self) -> dict[str, None]:
        """Test sets of Q."""
        return dict.fromkeys(shift_named(self.name).tested)

    @property
    def stored(self) -> bool:
        """Whether nothing has to be trained or scored."""
        return not self.selection.missing and not self.study.missing

    def models(self, trained_on: str) -> Models:
        """Scores on P_best and on Q of the networks of one of SETS, one per size."""
        names = [f"{trained_on}, {size}" for size in SIZES]
        inside = [self.study.scores(name, self.best) for name in names]
        return Models(inside, [self.study.over(name, self.tested) for name in names])  # type: ignore[arg-type]

    def gain(self, trained_on: str) -> Interval:
        """Effective robustness relative to the line of P_best."""
        return effective_robustness(self.models(BEST), self.models(trained_on))

    @cached_property
    def longer(self) -> "Robustness":
        """The same networks, trained for twice as many epochs, with P_best chosen again among them."""
        return Robustness(self.name, self.p.twice_as_long, self.device)

    def moves(self, trained_on: str) -> float:
        """How far the effective robustness moves if training is doubled, see `settled.doubling_moves`."""
        now = self.gain(trained_on)
        return doubling_moves(now, self.longer.gain(trained_on), stated=now)

    def lead(self) -> Interval:
        """SSIM on Q: trained on P minus trained on as many slices of P_best for as many steps."""
        return self.study.difference(f"{P}, {ALL}", f"{BEST}, {ALL}", self.tested)
