"""Parameters of notebook 12."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from mrilib.paper_b.parameters import WithVarnet
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(WithVarnet):
    """Parameters of the networks of every shift, of the in-distribution test slices, and of Table 2."""

    best_slices: Count
    doublings: Annotated[int, Ge(2), Le(6)]

    @property
    def lengths(self) -> tuple[int, ...]:
        """Training lengths of Table 2's networks, in multiples of `epochs`."""
        return tuple(2**one for one in range(self.doublings + 1))
