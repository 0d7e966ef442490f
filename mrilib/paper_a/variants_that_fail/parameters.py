"""Parameters of notebook 07."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Le

from mrilib.models.build import describe
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.parameters import AS_WRITTEN, OneShift, UnetTraining
from mrilib.paper_a.variants_that_fail.experiment import AuxiliaryTask
from mrilib.store.parameters import MOST, Count, CountOrAll, Rate, Workers
from mrilib.train.objectives import denoising, round_trip
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift, UnetTraining):
    """Parameters of networks with their own self-supervised tasks, and of their tuning."""

    perturbed_slices: CountOrAll
    strength: Rate
    noise: Annotated[float, Ge(0), Le(MOST)]
    two_head_learning_rate: Rate
    two_head_iterations: Count
    cycle_learning_rate: Rate
    cycle_iterations: Count
    affine_learning_rate: Rate
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    live_iterations: Count
    recompute: bool
    workers: Workers

    def with_network(self, model: str) -> Experiment:
        """The experiment with "two_head" or "cycle" in place of the U-Net."""
        architecture = describe(model, AS_WRITTEN | self.values)
        return Experiment(self.shift, architecture, self.recipe, self.train_slices, self.source)

    @property
    def variants(self) -> dict[str, AuxiliaryTask]:
        """Networks with their own tasks (Table 5), and how they are tuned."""
        return {
            "two-head": AuxiliaryTask("two_head", denoising, self.two_head_learning_rate, self.two_head_iterations),
            "CycleU-Net": AuxiliaryTask("cycle", round_trip, self.cycle_learning_rate, self.cycle_iterations),
        }

    @property
    def settings(self) -> Settings:
        """Settings of test-time training on the k-space loss."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, seed=self.seed)
