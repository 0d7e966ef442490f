"""Networks that notebook 17 trains or loads."""

from mrilib.paper_b.collection import tests
from mrilib.paper_b.fine_tuning_forgets.experiment import arms
from mrilib.paper_b.fine_tuning_forgets.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """The network of the collection and the four networks fine-tuned from it (Figure 22)."""
    return list(arms(p).values())


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of the six datasets."""
    return [test.slice_list for test in tests(p.test_slices).values()]
