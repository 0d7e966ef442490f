"""Parameters of notebook 12."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import WithVarnet
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(WithVarnet):
    """Parameters of the networks of every shift, and of the in-distribution test slices."""

    best_slices: Count
