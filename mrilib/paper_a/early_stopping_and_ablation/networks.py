"""Networks that notebook 05 trains or loads."""

from mrilib.paper_a.early_stopping_and_ablation.ablation import GRID, small_varnet
from mrilib.paper_a.early_stopping_and_ablation.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Networks of the ablation that accompanies Figure 8."""
    found = [variant.spec(p.experiment) for variant in GRID]
    if p.num_cascades:
        found += [small_varnet(p).spec(loss, "P") for loss in ("supervised", "joint")]
    return found


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Slices of P on which windows are chosen."""
    return [p.experiment.slice_list("P", "validation", p.validation_slices)]
