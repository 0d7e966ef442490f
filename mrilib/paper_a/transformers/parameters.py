"""Parameters of notebook 09."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from mrilib.models.build import describe
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.parameters import AS_WRITTEN, OneShift
from mrilib.store.parameters import Count, Layers, ParameterError, Rate, Share, Side, Width, Workers
from mrilib.ttt import Settings

UNET_HALVINGS = 4  # pooling layers of the U-Net, as in paper A


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift):
    """Parameters of a vision transformer in place of the U-Net, and of a U-Net compared in self-supervised training."""

    shift: Literal["anatomy", "dataset", "modality", "acceleration"]
    model: Literal["vit"]
    dim: Width
    depth: Layers
    heads: Width
    patch: Side
    image_size: Side
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    holdout: Share
    unet_chans: Width
    unet_learning_rate: Rate
    curve_slices: Count
    recompute: bool
    workers: Workers

    def check(self) -> None:
        if self.dim % self.heads:
            raise ParameterError(f"dim: expected a multiple of heads, which is {self.heads}, got {self.dim}")
        if self.image_size < self.patch:
            raise ParameterError(f"image_size: expected at least patch, which is {self.patch}, got {self.image_size}")

    @property
    def architecture(self) -> dict[str, Any]:
        return describe(self.model, AS_WRITTEN | self.values)

    @property
    def unet_experiment(self) -> Experiment:
        """Same experiment with the U-Net."""
        sizes = {"chans": self.unet_chans, "num_pool_layers": UNET_HALVINGS}
        recipe = replace(self.recipe, learning_rate=self.unet_learning_rate)
        return replace(self.experiment, architecture=describe("unet", AS_WRITTEN | sizes), recipe=recipe)

    @property
    def settings(self) -> Settings:
        """Settings of test-time training."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, self.holdout, seed=self.seed)
