"""Networks that notebook 09 trains or loads."""

from mrilib.paper_a.transformers.learning_curve import self_supervised
from mrilib.paper_a.transformers.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Four networks for Table 6, and two trained on measurements alone for Figure 10."""
    return [*p.experiment.specs().values(), *self_supervised(p).values()]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Slices of P that are scored after every epoch (Figure 10)."""
    return [p.experiment.slice_list("P", "validation", p.curve_slices)]
