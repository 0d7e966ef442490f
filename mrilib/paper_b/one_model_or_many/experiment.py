"""One network for two distributions, compared with one for each (paper B, §3): pairs and training data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

import torch

from mrilib.paper_b.one_model_or_many.parameters import PairName, Parameters
from mrilib.paper_b.pairs import PAIRS, Pair, shared_out
from mrilib.paper_b.protocol import UnionSpec, union
from mrilib.paper_b.study import Study, TestSet
from mrilib.paper_b.trainings import SEEDS, Trainings
from mrilib.train.settled import doubling_moves

SKEW = 10  # ratio of the numbers of slices of the two sides


def parts(pair: Pair, slices: int, skewed: bool = False) -> dict[str, dict[str, int]]:
    """Training slices by arm: each side alone, both, half of both; if skewed, both with one side a tenth of the other.

    Args:
        pair: pair of groups of distributions.
        slices: number of slices of a full side.
        skewed: whether to follow Figure 4 instead of Figure 3.

    Reference: Lin, Heckel, ICML 2024, §3, Figures 3 and 4.
    """
    p, q = shared_out(pair.p, slices), shared_out(pair.q, slices)
    if skewed:
        few_p, few_q = (shared_out(side, round(slices / SKEW)) for side in (pair.p, pair.q))
        return {"P": p, "tenth of P": few_p, "Q and a tenth of P": q | few_p} | {
            "Q": q, "tenth of Q": few_q, "P and a tenth of Q": p | few_q,
        }  # fmt: skip
    half = shared_out(pair.p, slices // 2) | shared_out(pair.q, slices // 2)
    return {"P": p, "Q": q, "P and Q": p | q, "half of P and Q": half}


def arms(p: Parameters) -> dict[str, UnionSpec]:
    """Networks of a pair by training data; those of Figure 4 if `skewed`.

    Raises:
        ValueError: too few slices for each distribution.
    """
    return {
        arm: union(f"{p.pair}_{arm.replace(' ', '_').lower()}", taken, p.architecture, p.recipe, source=p.source)
        for arm, taken in parts(PAIRS[p.pair], p.train_slices, p.skewed).items()
    }


def study(p: Parameters, device: torch.device | str = "cpu") -> Study:
    """A pair's networks on test slices of each of its distributions."""
    tests = {name: TestSet(name, p.test_slices) for name in (*PAIRS[p.pair].p, *PAIRS[p.pair].q)}
    return Study("one_or_many", arms(p), tests, None, p.source, device, p.recompute)


def trained(p: Parameters) -> Trainings:
    """All stored training runs of a pair's networks, that of the parameters first."""
    seeds = (seed for seed in SEEDS if seed != p.seed)
    return Trainings.stored(study(p), (study(replace(p, seed=seed)) for seed in seeds))


def pairs(p: Parameters) -> dict[str, Parameters]:
    """Parameters of every pair, reading stored scores."""
    return {pair: replace(p, pair=pair, recompute=False) for pair in get_args(PairName)}


def moves(runs: Trainings, longer: Study, groups: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """How far each of Figure 3's differences moves if training is doubled, see `settled.doubling_moves`.

    Args:
        runs: training runs of a pair's networks; the first has the seed of `longer`.
        longer: the networks trained for twice as many epochs.
        groups: distributions of the pair's sides.
    """
    found = {}
    for key, (arm, other, side) in comparisons().items():
        now, first, after = (
            study.difference(arm, other, dict.fromkeys(groups[side])) for study in (runs, runs.studies[0], longer)
        )
        found[key] = doubling_moves(first, after, stated=now)
    return found


OTHERS = {"vit": "ViT", "half_width": "half the width", "quarter": "a quarter of the slices"}


def others(p: Parameters) -> dict[str, Parameters]:
    """Parameters of knee and brain with another network, a smaller one and fewer slices, reading stored scores.

    The quarter of the slices is omitted if half of it would leave a distribution without a slice.

    Reference: Lin, Heckel, ICML 2024, App. B, Figures 12 and 13.
    """
    anatomy = replace(p, pair="anatomy", skewed=False, recompute=False)
    found = {"vit": replace(anatomy, model="norm_vit"), "half_width": replace(anatomy, chans=max(1, p.chans // 2))}
    if p.train_slices // 4 // 2 >= len(PAIRS["anatomy"].q):
        found["quarter"] = replace(anatomy, train_slices=p.train_slices // 4)
    return found


def comparisons(skewed: bool = False) -> dict[str, tuple[str, str, str]]:
    """Comparisons by result: an arm, the arm that it is compared to, and the side on which both are tested."""
    if skewed:
        return {
            "skewed_minus_p": ("P and a tenth of Q", "P", "P"),
            "skewed_minus_few_q": ("P and a tenth of Q", "tenth of Q", "Q"),
            "skewed_minus_q": ("Q and a tenth of P", "Q", "Q"),
            "skewed_minus_few_p": ("Q and a tenth of P", "tenth of P", "P"),
        }
    return {
        "joint_minus_p": ("P and Q", "P", "P"),
        "joint_minus_q": ("P and Q", "Q", "Q"),
        "ood_minus_p": ("Q", "P", "P"),
        "ood_minus_q": ("P", "Q", "Q"),
        "half_minus_p": ("half of P and Q", "P", "P"),
        "half_minus_q": ("half of P and Q", "Q", "Q"),
        "half_minus_joint_p": ("half of P and Q", "P and Q", "P"),
        "half_minus_joint_q": ("half of P and Q", "P and Q", "Q"),
    }
