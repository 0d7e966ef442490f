"""Networks that notebook 07 trains or loads."""

from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.variants_that_fail.parameters import Parameters
from mrilib.train.networks import NetworkSpec
from mrilib.train.objectives import Loss


def networks(p: Parameters) -> list[NetworkSpec]:
    """Two-head U-Net and CycleU-Net (Table 5)."""
    losses: list[Loss] = ["supervised", "two_head", "joint"]
    two_head, cycle = p.with_network("two_head"), p.with_network("cycle")
    trained = [*((two_head, loss) for loss in losses), (cycle, "cycle")]
    return [one.spec(loss, side) for side in SIDES for one, loss in trained]
