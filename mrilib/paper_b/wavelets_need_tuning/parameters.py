"""Parameters of notebook 16."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Len

from mrilib.data.catalogue import DISTRIBUTIONS
from mrilib.data.parameters import Sourced
from mrilib.store.kinds import OneOf
from mrilib.store.parameters import Count, Rate

Name = Annotated[str, OneOf(DISTRIBUTIONS)]


@dataclass(frozen=True, kw_only=True)
class Parameters(Sourced):
    """Parameters of the distributions and of the candidate weights of the wavelet term."""

    first: Name
    second: Name
    others: list[Name]
    weights: Annotated[list[Rate], Len(1)]
    validation_slices: Count
    test_slices: Count
    acceleration: Literal[2, 3, 4]
    recompute: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all distributions, the paper's pair first."""
        return (self.first, self.second, *self.others)
