"""Networks that notebook 12 trains or loads."""

from mrilib.paper_b.effective_robustness import table_2
from mrilib.paper_b.effective_robustness.experiment import SHIFTS, Robustness, arms, candidates
from mrilib.paper_b.effective_robustness.likeness import Likeness
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of each part of P, of P, and of P and Q under every shift, and those of Table 2 and Figure 11.

    The networks of P_best depend on the scores that select it, and are trained when the notebook runs.
    """
    shifts = [made for name in SHIFTS for made in (candidates(name, p), arms(name, p))]
    every = [*shifts, table_2.arms(p), Likeness("contrast", p).of_varnet.networks]
    return [spec for made in every for spec in made.values()]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of every part of P, one of which is the best, and of Q; validation slices of Q; Table 2's knees."""
    selections = [Robustness(name, p).selection for name in SHIFTS]
    inside = [(part, "test", p.best_slices) for selection in selections for part in selection.arms]
    choosing = [test.slice_list for selection in selections for test in selection.tests.values()]
    knees = [test.slice_list for test in table_2.study(p).tests.values()]
    return [*inside, *choosing, *((name, "test", count) for name, _, count in choosing), *knees]
