"""Parameters of notebook 08."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len

from mrilib.models.build import describe
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.parameters import AS_WRITTEN, Halvings, OneShift
from mrilib.paper_a.zero_shot_and_untrained.zero_shot import ZeroShotSettings
from mrilib.store.parameters import MOST, Count, Layers, Rate, Width
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift):
    """Parameters of test-time training, ZS-SSL and un-trained networks, and the candidate learning rates."""

    shift: Literal["anatomy", "dataset", "modality", "acceleration"]
    test_slices: Count
    validation_slices: Count
    model: Literal["unet", "varnet"]
    chans: Width
    num_pool_layers: Halvings
    num_cascades: Layers
    unrolled: Annotated[list[Width], Len(4, 4)]
    unrolled_epochs: Count
    splits: Count
    max_epochs: Count
    decoder: Annotated[list[Width], Len(2, 2)]
    rates: Annotated[list[Rate], Len(1)]
    ttt_iterations: Count
    untrained_iterations: Count
    window: Count
    live_seconds: Annotated[float, Ge(0), Le(MOST)]
    recompute: bool

    @property
    def architecture(self) -> dict[str, Any]:
        return describe(self.model, AS_WRITTEN | self.values)

    @property
    def unrolled_experiment(self) -> Experiment:
        """Experiment with the network of ZS-SSL."""
        sizes = zip(("num_unrolls", "num_blocks", "features", "cg_iterations"), self.unrolled, strict=True)
        architecture = describe("unrolled", dict(sizes))
        recipe = replace(self.recipe, epochs=self.unrolled_epochs)
        return Experiment(self.shift, architecture, recipe, self.train_slices, self.source)

    @property
    def decoder_architecture(self) -> dict[str, Any]:
        """Architecture of ConvDecoder."""
        layers, chans = self.decoder
        return {"name": "conv_decoder", "num_layers": layers, "chans": chans, "in_size": [8, 8]}

    @property
    def settings(self) -> Settings:
        """Settings of test-time training; the learning rate is chosen for each method."""
        return Settings(max_iterations=self.ttt_iterations, window=self.window, seed=self.seed)

    @property
    def zero_shot(self) -> ZeroShotSettings:
        """Settings of ZS-SSL."""
        return ZeroShotSettings(max_epochs=self.max_epochs, splits=self.splits, seed=self.seed)
