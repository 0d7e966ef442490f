"""What notebook 14 can be given."""

from dataclasses import dataclass
from typing import Annotated

from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.parameters import Networks
from mrilib.store.parameters import Count, OneOf


@dataclass(frozen=True, kw_only=True)
class Parameters(Networks):
    """One training that is watched, and how much less of it a VarNet gets."""

    training: Annotated[str, OneOf(TRAININGS)]
    varnet_slices: Count
    varnet_epochs: Count
