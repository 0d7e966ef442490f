"""Networks that notebook 15 trains or loads."""

from mrilib.paper_b.a_diverse_collection import size_mismatch
from mrilib.paper_b.a_diverse_collection.parameters import Parameters
from mrilib.paper_b.collection import arms, tests
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of single datasets and of the collection for Figure 10, and the VarNet of Figure 20."""
    return [*arms(p).values(), *size_mismatch.study(p).arms.values()]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of the six datasets of Figure 10, and of the dataset of Figure 20."""
    tested = [*tests(p.test_slices).values(), *size_mismatch.study(p).tests.values()]
    return [test.slice_list for test in tested]
