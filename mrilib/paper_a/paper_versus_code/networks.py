"""Networks that notebook 10 trains or loads."""

from mrilib.paper_a.paper_versus_code.fidelity import ARMS, GAP_ARMS, MAIN, SCHEMES, Bench
from mrilib.paper_a.paper_versus_code.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of paper A as written and as its code does it."""
    bench = Bench(p.experiment, p.settings, p.test_slices)
    gaps = [bench.spec(ARMS[name], loss, side) for name in GAP_ARMS for loss, side, _ in SCHEMES.values()]
    return gaps + [bench.spec(arm, *SCHEMES[MAIN][:2]) for arm in ARMS.values()]
