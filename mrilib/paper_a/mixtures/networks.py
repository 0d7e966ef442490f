"""Networks that notebook 03 trains or loads."""

from mrilib.paper_a.mixtures.parameters import Parameters
from mrilib.paper_a.mixtures.sweep import COEFFICIENTS, Mixtures
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of every mixture under every shift (Figure 2)."""
    return [Mixtures(one, p.test_slices).spec(c) for one in p.experiments.values() for c in COEFFICIENTS]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of P."""
    return [one.slice_list("P", "test", p.test_slices) for one in p.experiments.values()]
