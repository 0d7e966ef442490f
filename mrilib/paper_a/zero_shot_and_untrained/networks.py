"""Networks that notebook 08 trains or loads."""

from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.zero_shot_and_untrained.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Four networks for test-time training and two for ZS-SSL (Table 4)."""
    unrolled = [p.unrolled_experiment.spec("supervised", side) for side in SIDES]
    return [*p.experiment.specs().values(), *unrolled]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Slices of Q on which each method's learning rate is chosen."""
    return [p.experiment.slice_list("Q", "validation", p.validation_slices)]
