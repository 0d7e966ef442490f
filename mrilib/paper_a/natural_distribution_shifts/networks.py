"""Networks that notebook 02 trains or loads."""

from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.natural_distribution_shifts.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Supervised networks on P and on Q, under every shift."""
    return [one.spec("supervised", side) for one in p.experiments.values() for side in SIDES]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of P: one under every shift and, for comparing intensities (Figure 4), as many as of Q."""
    one_each = [one.slice_list("P", "test", 1) for one in p.experiments.values()]
    name, split, _ = p.experiments["modality"].slice_list("P", "test", 1)
    return [*one_each, (name, split, p.experiments["modality"].slice_list("Q", "test", p.test_slices)[2])]
