"""Parameters of notebook 06."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le, Len, Lt

from mrilib.store.kinds import shown
from mrilib.store.parameters import MOST, Count, ParameterError, Rate, Record, Seed, Width


@dataclass(frozen=True, kw_only=True)
class Parameters(Record):
    """Parameters of signals in a subspace, of training and test noise, and of the number of draws."""

    n: Width
    d: Annotated[int, Ge(5), Le(8192)]
    sigma: Rate
    varsigma: Rate
    draws: Annotated[int, Ge(100), Le(MOST)]
    steps: Count
    train_rate: Rate
    ttt_rate: Annotated[Rate, Lt(1)]
    sizes: Annotated[list[Count], Len(2)]
    fewest: Annotated[int, Ge(5), Le(MOST)]
    repetitions: Annotated[int, Ge(2), Le(MOST)]
    degrees: Annotated[float, Ge(-360), Le(360)]
    seed: Seed

    def check(self) -> None:
        if self.n < 2 * self.d:
            raise ParameterError(f"n: expected at least 2 d, which is {2 * self.d}, got {self.n}")
        if min(self.sizes) < 2 * self.fewest:
            raise ParameterError(
                f"sizes: expected each at least 2 fewest, which is {2 * self.fewest}, got {shown(self.sizes)}"
            )
