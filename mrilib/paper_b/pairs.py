"""Paper B's groups of fastMRI's sub-distributions, and the division of slices among the members of a group."""

from collections.abc import Sequence
from dataclasses import dataclass

from mrilib.data.twins import SIXTEEN
from mrilib.paper_b.protocol import apportioned


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
    """Divide slices as evenly as possible; the first distributions get one more each.

    Raises:
        ValueError: fewer slices than distributions.
    """
    return apportioned(dict.fromkeys(names, 1.0), slices)
