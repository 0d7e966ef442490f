"""Parameters of notebook 05."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from mrilib.models.build import describe
from mrilib.models.reconstructor import Fidelity
from mrilib.paper_a.parameters import AS_WRITTEN, OneShift, UnetTraining
from mrilib.store.parameters import Count, Rate, Share, Workers
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift, UnetTraining):
    """Parameters of networks trained in several ways, of their test-time training, and of its stopping rules."""

    validation_slices: Count
    num_cascades: Annotated[int, Ge(0), Le(64)]
    fidelity: Fidelity
    ttt_learning_rate: Rate
    ttt_iterations: Count
    long_iterations: Count
    live_iterations: Count
    holdout: Share
    rule: Literal["rises", "rises_last", "best_so_far", "fixed"]
    window: Count
    recompute: bool
    workers: Workers

    @property
    def architecture(self) -> dict[str, Any]:
        return describe("unet", AS_WRITTEN | self.values)

    @property
    def settings(self) -> Settings:
        """Settings of test-time training in the ablation, without a stopping rule."""
        return Settings(
            learning_rate=self.ttt_learning_rate,
            max_iterations=self.ttt_iterations,
            window=self.ttt_iterations,
            holdout=self.holdout,
            fidelity=self.fidelity,
            seed=self.seed,
        )
