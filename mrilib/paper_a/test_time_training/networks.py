"""Networks that notebook 04 trains or loads."""

from mrilib.paper_a.test_time_training.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Supervised and joint networks, on P and on Q (Table 2)."""
    return list(p.experiment.specs().values())
