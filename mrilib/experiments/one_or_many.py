"""One network for two distributions, or one for each (paper B, §3): the pairs and what each network is trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mrilib.data.twins import SIXTEEN
from mrilib.experiments.diverse import UnionSpec, apportioned, paper_b, union
from mrilib.experiments.study import Study, TestSet
from mrilib.models.build import describe

SKEW = 10  # times as many slices of one side as of the other


@dataclass(frozen=True)
class Pair:
    """Two groups of fastMRI's sub-distributions."""

    title: str
    p: tuple[str, ...]
    q: tuple[str, ...]

    @property
    def sides(self) -> dict[str, tuple[str, ...]]:
        """Distributions of P and of Q."""
        return {"P": self.p, "Q": self.q}


def _named(*words: str) -> tuple[str, ...]:
    return tuple(part.name for part in SIXTEEN if all(word in part.name for word in words))


def _at(field_strength: float) -> tuple[str, ...]:
    return tuple(part.name for part in SIXTEEN if part.scan.field_strength == field_strength)


PAIRS = {
    "anatomy": Pair("knee and brain", _named("fm_knee"), _named("fm_brain")),
    "contrast": Pair("PD and PDFS knee", _named("knee_pd_"), _named("knee_pdfs_")),
    "field": Pair("1.5 T and 3 T", _at(1.5), _at(3.0)),
}


def shared_out(names: Sequence[str], slices: int) -> dict[str, int]:
    """As equal numbers as whole slices allow, the first distributions one more.

    Raises:
        ValueError: fewer slices than distributions.
    """
    return apportioned(dict.fromkeys(names, 1.0), slices)


def parts(pair: Pair, slices: int, skewed: bool = False) -> dict[str, dict[str, int]]:
    """Training slices by arm: each side alone, both, half of both; skewed, both with one side a tenth of the other.

    Args:
        pair: of groups of distributions.
        slices: of each side when it is whole.
        skewed: for Figure 4 instead of Figure 3.

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


def arms(parameters: Mapping[str, Any]) -> dict[str, UnionSpec]:
    """The networks of a pair by what they are trained on; Figure 4's with `skewed`.

    Raises:
        ValueError: a pair that does not exist, or too few slices for each distribution.
    """
    name = parameters["pair"]
    if name not in PAIRS:
        raise ValueError(f"pair {name!r}: expected one of {', '.join(PAIRS)}")
    recipe = paper_b(*(parameters[key] for key in ("epochs", "train_learning_rate", "batch_size", "seed")))
    architecture = describe(parameters["model"], parameters)
    return {
        arm: union(f"{name}_{arm.replace(' ', '_').lower()}", taken, architecture, recipe, source=parameters["source"])
        for arm, taken in parts(PAIRS[name], parameters["train_slices"], parameters["skewed"]).items()
    }


def study(parameters: Mapping[str, Any], device: torch.device | str = "cpu", recompute: bool = False) -> Study:
    """A pair's networks on test slices of each of its distributions."""
    made, pair = arms(parameters), PAIRS[parameters["pair"]]
    tests = {name: TestSet(name, parameters["test_slices"]) for name in (*pair.p, *pair.q)}
    return Study("one_or_many", made, tests, None, parameters["source"], device, recompute)


OTHERS = {"vit": "ViT", "half_width": "half the width", "quarter": "a quarter of the slices"}


def others(parameters: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Knee and brain by another network, a smaller one and on fewer slices: the parameters of each.

    A quarter of the slices is left out where half of it would not give every distribution one.

    Reference: Lin, Heckel, ICML 2024, App. B, Figures 12 and 13.
    """
    changes: dict[str, dict[str, Any]] = {
        "vit": {"model": "norm_vit"},
        "half_width": {"chans": max(1, parameters["chans"] // 2)},
        "quarter": {"train_slices": parameters["train_slices"] // 4},
    }
    if changes["quarter"]["train_slices"] // 2 < len(PAIRS["anatomy"].q):
        del changes["quarter"]
    return {name: {**parameters, "pair": "anatomy", "skewed": False, **change} for name, change in changes.items()}


def comparisons(skewed: bool = False) -> dict[str, tuple[str, str, str]]:
    """By result: an arm, the arm that it is compared with, and the side on which both are tested."""
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
        "abroad_minus_p": ("Q", "P", "P"),
        "abroad_minus_q": ("P", "Q", "Q"),
        "half_minus_joint_p": ("half of P and Q", "P and Q", "P"),
        "half_minus_joint_q": ("half of P and Q", "P and Q", "Q"),
    }
