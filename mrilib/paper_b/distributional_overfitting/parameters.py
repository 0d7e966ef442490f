"""What notebook 14 can be given."""

from dataclasses import dataclass

from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.parameters import Networks
from mrilib.store.parameters import Count, ParameterError
from mrilib.store.project import hint


@dataclass(frozen=True, kw_only=True)
class Parameters(Networks):
    """One training that is watched, and how much less of it a VarNet gets."""

    training: str
    varnet_slices: Count
    varnet_epochs: Count

    def check(self) -> None:
        super().check()
        if self.training not in TRAININGS:
            raise ParameterError(f"training: no training {self.training!r}{hint(self.training, TRAININGS)}")
