"""P and Q of the shifts in words, for titles and marks."""

from dataclasses import dataclass

from mrilib.paper_b.distributional_overfitting.experiment import SHIFTS
from mrilib.paper_b.distributional_overfitting.report import SIDES
from mrilib.paper_b.pairs import Pair


@dataclass(frozen=True)
class Words:
    """What P and Q show, and what one slice of Q is."""

    p: str
    q: str
    slice_of_q: str


WORDS = {
    "t2_knee": Words("T2 brain", "knee", "knee slice"),
    "brain_m4raw": Words("brain", "M4Raw, 0.3 T", "brain slice at 0.3 T (M4Raw)"),
    "fastmri_prostate": Words("brain and knee", "prostate", "prostate slice"),
}


def words_of(shift: Pair) -> Words:
    """The words of one of `experiment.SHIFTS`; those for any P and Q for another one."""
    found = (WORDS[name] for name, one in SHIFTS.items() if one == shift)
    return next(found, Words(SIDES["P"], SIDES["Q"], "slice of Q"))
