"""Networks that notebook 11 trains or loads."""

from mrilib.paper_b.one_model_or_many.experiment import arms, study
from mrilib.paper_b.one_model_or_many.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Specialists, the network for both and the network for half of both (Figure 3, or Figure 4 if `skewed`)."""
    return list(arms(p).values())


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of P and of Q."""
    return [test.slice_list for test in study(p).tests.values()]
