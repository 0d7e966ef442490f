"""Parameters of notebook 14."""

from dataclasses import dataclass
from typing import Annotated

from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.parameters import Networks
from mrilib.store.kinds import OneOf
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(Networks):
    """Parameters of one monitored training run, with fewer slices and epochs for a VarNet."""

    training: Annotated[str, OneOf(TRAININGS)]
    varnet_slices: Count
    varnet_epochs: Count
