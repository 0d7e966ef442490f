"""Networks that notebook 13 trains or loads."""

from mrilib.paper_b.pathologies.experiment import arms
from mrilib.paper_b.pathologies.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of healthy heads, and of healthy heads and heads with lesions (Figures 7 and 16)."""
    return list(arms(p).values())
