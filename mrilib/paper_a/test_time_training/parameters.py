"""Parameters of notebook 04."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from mrilib.losses import Kind
from mrilib.models.build import describe
from mrilib.models.reconstructor import Fidelity
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.parameters import Halvings, OneShift
from mrilib.store.parameters import MOST, Count, Layers, Rate, Share, Width, Workers
from mrilib.train.recipe import Recipe
from mrilib.ttt import Settings, Unit


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift):
    """Parameters of the four networks of Table 2 and of their test-time training."""

    model: Literal["unet", "varnet"]
    chans: Width
    num_pool_layers: Halvings
    num_cascades: Layers
    residual: bool
    pinv_iterations: Annotated[int, Ge(0), Le(MOST)]
    supervised_target: Kind
    fidelity: Fidelity
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    holdout: Share
    unit: Unit
    workers: Workers

    @property
    def architecture(self) -> dict[str, Any]:
        return describe(self.model, self.values)

    @property
    def recipe(self) -> Recipe:
        return replace(super().recipe, supervised_target=self.supervised_target)

    @property
    def watched(self) -> Experiment:
        """Experiment whose curves are shown: its slices are noisy enough to be overfitted."""
        return replace(self.experiment, shift="dataset" if self.source == "simulated" else self.shift)

    @property
    def settings(self) -> Settings:
        """Settings of test-time training."""
        return Settings(
            learning_rate=self.ttt_learning_rate,
            max_iterations=self.ttt_iterations,
            window=self.window,
            holdout=self.holdout,
            unit=self.unit,
            fidelity=self.fidelity,
            seed=self.seed,
        )
