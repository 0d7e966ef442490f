"""What the records of paper B's sections share: three networks, how they are trained, and on how many slices."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from annotated_types import Ge, Le

from mrilib.data.parameters import Sourced
from mrilib.models.build import describe
from mrilib.paper_b.protocol import paper_b
from mrilib.store.parameters import Count, OneOf, ParameterError, Rate, Seed
from mrilib.train.recipe import Recipe

NETWORKS = {"norm_unet": "U-Net", "norm_vit": "ViT", "e2e_varnet": "VarNet"}  # paper B's, and what it calls them
Model = Annotated[str, OneOf(NETWORKS)]


@dataclass(frozen=True, kw_only=True)
class Networks(Sourced):
    """Sizes of paper B's U-Net, ViT and VarNet; how long and on how much they are trained."""

    test_slices: Count
    seed: Seed
    chans: Count
    num_pool_layers: Annotated[int, Ge(1), Le(8)]
    dim: Count
    depth: Count
    heads: Count
    patch: Count
    image_size: Count
    num_cascades: Count
    sens_chans: Count
    train_slices: Count
    epochs: Count
    batch_size: Count
    train_learning_rate: Rate
    recompute: bool
    device: str

    def check(self) -> None:
        if self.dim % self.heads:
            raise ParameterError(f"dim: expected a multiple of heads, which is {self.heads}, got {self.dim}")
        if self.image_size < self.patch:
            raise ParameterError(f"image_size: expected at least patch, which is {self.patch}, got {self.image_size}")

    def architecture_of(self, model: Model) -> dict[str, Any]:
        """Of a network, see `models.build.describe`."""
        return describe(model, self.values)

    @property
    def recipe(self) -> Recipe:
        """Of training, see `protocol.paper_b`."""
        return paper_b(self.epochs, self.train_learning_rate, self.batch_size, self.seed)


@dataclass(frozen=True, kw_only=True)
class Training(Networks):
    """One of the three networks."""

    model: Model

    @property
    def architecture(self) -> dict[str, Any]:
        """Of the section's network."""
        return self.architecture_of(self.model)


@dataclass(frozen=True, kw_only=True)
class WithVarnet(Training):
    """And a VarNet of another width, for one figure."""

    varnet_chans: Count

    @property
    def with_varnet(self) -> Self:
        """The same with an end-to-end VarNet of that width in place of the network."""
        return replace(self, model="e2e_varnet", chans=self.varnet_chans)


@dataclass(frozen=True, kw_only=True)
class CollectionTraining(Training):
    """Networks of the diverse collection, for which `train_slices` counts those of each dataset trained on alone."""

    other_slices: Count
