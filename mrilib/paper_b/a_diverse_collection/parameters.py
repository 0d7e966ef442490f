"""Parameters of notebook 15."""

from dataclasses import dataclass

from mrilib.paper_b.parameters import CollectionTraining, WithVarnet


@dataclass(frozen=True, kw_only=True)
class Parameters(CollectionTraining, WithVarnet):
    """Parameters of the networks of single datasets and of the collection, and of a VarNet for Figure 20."""
