"""Networks that notebook 11 trains or loads."""

from mrilib.paper_b.one_model_or_many.experiment import arms
from mrilib.paper_b.one_model_or_many.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Specialists, the network of both and that of half of both (Figure 3, or Figure 4 if `skewed`)."""
    return list(arms(p).values())
