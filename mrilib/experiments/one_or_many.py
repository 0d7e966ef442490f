"""One network for two distributions, or one for each (paper B, §3): the pairs and what each network is trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mrilib.data.sources import Source
from mrilib.data.twins import SIXTEEN
from mrilib.experiments.diverse import UnionSpec, union
from mrilib.training import Recipe

SKEW = 10  # times as many slices of one side as of the other


@dataclass(frozen=True)
class Pair:
    """Two groups of fastMRI's sub-distributions."""

    title: str
    p: tuple[str, ...]
    q: tuple[str, ...]


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
    if slices < len(names):
        raise ValueError(f"{slices} slices cannot be shared by {len(names)} distributions; take at least one of each")
    each, over = divmod(slices, len(names))
    return {name: each + (place < over) for place, name in enumerate(names)}


def parts(pair: Pair, slices: int) -> dict[str, dict[str, int]]:
    """Training slices by arm: each side alone, both, half of both, and both with one side a tenth of the other.

    Args:
        pair: of groups of distributions.
        slices: of each side when it is whole.

    Reference: Lin, Heckel, ICML 2024, §3, Figures 3 and 4.
    """
    half, few = slices // 2, round(slices / SKEW)
    return {
        "P": shared_out(pair.p, slices),
        "Q": shared_out(pair.q, slices),
        "P and Q": shared_out(pair.p, slices) | shared_out(pair.q, slices),
        "half of P and Q": shared_out(pair.p, half) | shared_out(pair.q, half),
        "P and a tenth of Q": shared_out(pair.p, slices) | shared_out(pair.q, few),
        "a tenth of P and Q": shared_out(pair.p, few) | shared_out(pair.q, slices),
    }


def arms(
    pair: str, slices: int, architecture: Mapping[str, object], recipe: Recipe, source: Source = "simulated"
) -> dict[str, UnionSpec]:
    """The networks of a pair by what they are trained on.

    Raises:
        ValueError: a pair that does not exist, or too few slices for a tenth of each distribution.
    """
    if pair not in PAIRS:
        raise ValueError(f"pair {pair!r}: expected one of {', '.join(PAIRS)}")
    return {
        arm: union(f"{pair}_{arm.replace(' ', '_').lower()}", taken, architecture, recipe, source=source)
        for arm, taken in parts(PAIRS[pair], slices).items()
    }
