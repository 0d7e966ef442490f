"""Networks that notebook 02 trains or loads."""

from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.natural_distribution_shifts.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Supervised networks on P and on Q, under every shift."""
    return [one.spec("supervised", side) for one in p.experiments.values() for side in SIDES]
