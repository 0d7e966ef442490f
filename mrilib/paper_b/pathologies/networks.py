"""Networks that notebook 13 trains or loads."""

from mrilib.paper_b.pathologies.experiment import P, Q, arms
from mrilib.paper_b.pathologies.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of healthy heads, and of healthy heads and heads with lesions (Figures 7 and 16)."""
    return list(arms(p).values())


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of heads with and without lesions; with files, there may be fewer."""
    return [(name, "test", p.test_slices) for name in (*P, *Q)]
