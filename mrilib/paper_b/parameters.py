"""Parameters shared by paper B's sections: three networks, their training, and their numbers of slices."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from annotated_types import Ge, Le

from mrilib.data.parameters import Sourced
from mrilib.models.build import describe
from mrilib.paper_b.protocol import paper_b
from mrilib.store.kinds import OneOf
from mrilib.store.parameters import Count, Device, Layers, ParameterError, Rate, Seed, Side, Width
from mrilib.train.recipe import Recipe

NETWORKS = {"norm_unet": "U-Net", "norm_vit": "ViT", "e2e_varnet": "VarNet"}  # paper B's networks and their names there
Model = Annotated[str, OneOf(NETWORKS)]


@dataclass(frozen=True, kw_only=True)
class Networks(Sourced):
    """Parameters of paper B's U-Net, ViT and VarNet: sizes, length of training, and numbers of slices."""

    test_slices: Count
    seed: Seed
    chans: Width
    num_pool_layers: Annotated[int, Ge(1), Le(8)]
    dim: Width
    depth: Layers
    heads: Width
    patch: Side
    image_size: Side
    num_cascades: Layers
    sens_chans: Width
    train_slices: Count
    epochs: Count
    batch_size: Count
    train_learning_rate: Rate
    recompute: bool
    device: Device

    def check(self) -> None:
        if self.dim % self.heads:
            raise ParameterError(f"dim: expected a multiple of heads, which is {self.heads}, got {self.dim}")
        if self.image_size < self.patch:
            raise ParameterError(f"image_size: expected at least patch, which is {self.patch}, got {self.image_size}")

    def architecture_of(self, model: Model) -> dict[str, Any]:
        """Architecture of a network, see `models.build.describe`."""
        return describe(model, self.values)

    @property
    def recipe(self) -> Recipe:
        """Training recipe, see `protocol.paper_b`."""
        return paper_b(self.epochs, self.train_learning_rate, self.batch_size, self.seed)

    @property
    def twice_as_long(self) -> Self:
        """Same parameters with twice as many epochs, reading stored scores."""
        return replace(self, epochs=2 * self.epochs, recompute=False)


@dataclass(frozen=True, kw_only=True)
class Training(Networks):
    """Parameters with one of the three networks selected."""

    model: Model

    @property
    def architecture(self) -> dict[str, Any]:
        """Architecture of the section's network."""
        return self.architecture_of(self.model)


@dataclass(frozen=True, kw_only=True)
class WithVarnet(Training):
    """Parameters with an additional VarNet of another width, for one figure."""

    varnet_chans: Width

    @property
    def with_varnet(self) -> Self:
        """Same parameters with an end-to-end VarNet of that width in place of the network."""
        return replace(self, model="e2e_varnet", chans=self.varnet_chans)


@dataclass(frozen=True, kw_only=True)
class CollectionTraining(Training):
    """Parameters of the diverse collection's networks; `train_slices` is the number for each dataset used alone."""

    other_slices: Count
