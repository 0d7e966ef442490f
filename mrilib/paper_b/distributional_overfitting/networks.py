"""Networks that notebook 14 trains or loads."""

from mrilib.paper_b.distributional_overfitting.experiment import curve, spec
from mrilib.paper_b.distributional_overfitting.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Network whose training is monitored (Figures 9 and 18, App. F)."""
    return [spec(p, p.training)]


def scored(p: Parameters) -> list[tuple[str, str, int]]:
    """Test and validation slices of P and of Q that are scored during training."""
    lists = curve(p, p.training).lists.items()
    return [(name, label.split()[0], count) for label, counts in lists for name, count in counts.items()]
