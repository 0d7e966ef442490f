"""Which networks notebook 14 trains or loads."""

from mrilib.paper_b.distributional_overfitting.experiment import spec
from mrilib.paper_b.distributional_overfitting.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """The one whose training is watched: Figures 9 and 18, App. F."""
    return [spec(p, p.training)]
