"""Slices that notebook 16 reads; it trains no network."""

from mrilib.paper_b.wavelets_need_tuning.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """None."""
    return []


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Validation slices of each distribution, on which its weight is chosen, and test slices."""
    counts = {"validation": p.validation_slices, "test": p.test_slices}
    return [(name, split, count) for name in p.names for split, count in counts.items()]
