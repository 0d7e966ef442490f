"""Networks that notebook 20 trains or loads."""

from mrilib.beyond.ttt_for_any_network.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Supervised and joint networks, on P and on Q, as in notebook 04."""
    return list(p.experiment.specs().values())
