"""What notebook 16 can be given."""

from dataclasses import dataclass
from typing import Annotated, Literal

from annotated_types import Len

from mrilib.data.catalogue import distribution
from mrilib.data.parameters import Sourced
from mrilib.store.parameters import Count, ParameterError, Rate


@dataclass(frozen=True, kw_only=True)
class Parameters(Sourced):
    """Distributions, and weights of the wavelet term to choose from."""

    first: str
    second: str
    others: list[str]
    weights: Annotated[list[Rate], Len(1)]
    validation_slices: Count
    test_slices: Count
    acceleration: Literal[2, 3, 4]
    recompute: bool

    def check(self) -> None:
        for name in self.names:
            try:
                distribution(name)
            except ValueError as error:
                raise ParameterError(str(error)) from error

    @property
    def names(self) -> tuple[str, ...]:
        """Of all distributions, the paper's pair first."""
        return (self.first, self.second, *self.others)
