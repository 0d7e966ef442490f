"""What notebook 12 can be given."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import WithVarnet
from mrilib.store.parameters import Count


@dataclass(frozen=True, kw_only=True)
class Parameters(WithVarnet):
    """Networks of every shift, and test slices in distribution."""

    best_slices: Count
