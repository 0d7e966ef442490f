"""What notebook 15 can be given."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import CollectionTraining, WithVarnet


@dataclass(frozen=True, kw_only=True)
class Parameters(CollectionTraining, WithVarnet):
    """Networks of single datasets and of the collection, and a VarNet for Figure 20."""
