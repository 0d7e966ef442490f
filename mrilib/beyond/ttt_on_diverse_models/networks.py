"""Networks that notebook 18 trains or loads."""

from mrilib.beyond.ttt_on_diverse_models.experiment import TESTED, arms, studies
from mrilib.beyond.ttt_on_diverse_models.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Jointly trained networks by training data: one, six or many distributions, or the test distributions."""
    return [spec for name in TESTED for spec in arms(p, name).values()]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test slices of each collection."""
    return [test.slice_list for study in studies(p).values() for test in study.tests.values()]
