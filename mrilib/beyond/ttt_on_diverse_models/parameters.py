"""Parameters of notebook 18."""

from dataclasses import dataclass
from typing import Any, Literal

from mrilib.data.parameters import Sourced
from mrilib.models.build import describe
from mrilib.paper_a.parameters import Halvings
from mrilib.store.parameters import Count, Device, Rate, Seed, Share, Width
from mrilib.train.recipe import Recipe
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(Sourced):
    """Parameters of paper A's network trained on paper B's distributions, and of its test-time training."""

    test_slices: Count
    seed: Seed
    model: Literal["unet"]
    chans: Width
    num_pool_layers: Halvings
    train_slices: Count
    epochs: Count
    batch_size: Count
    train_learning_rate: Rate
    ttt_learning_rate: Rate
    ttt_iterations: Count
    live_iterations: Count
    window: Count
    holdout: Share
    recompute: bool
    device: Device

    @property
    def architecture(self) -> dict[str, Any]:
        """Architecture of the network, see `models.build.describe`."""
        return describe(self.model, self.values)

    @property
    def recipe(self) -> Recipe:
        """Recipe of joint training."""
        return Recipe(
            "joint",
            epochs=self.epochs,
            learning_rate=self.train_learning_rate,
            batch_size=self.batch_size,
            schedule="cosine",
            seed=self.seed,
        )

    @property
    def settings(self) -> Settings:
        """Settings of test-time training."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, self.holdout, seed=self.seed)
