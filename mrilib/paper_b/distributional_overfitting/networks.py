"""Networks that notebook 14 trains or loads."""

from mrilib.paper_b.distributional_overfitting.experiment import spec
from mrilib.paper_b.distributional_overfitting.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Network whose training is monitored (Figures 9 and 18, App. F)."""
    return [spec(p, p.training)]
