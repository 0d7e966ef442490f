"""Parameters of notebook 20."""

from dataclasses import dataclass, replace
from typing import Annotated

from annotated_types import Ge, Le

from mrilib.paper_a.parameters import OneShift, UnetTraining
from mrilib.store.parameters import MOST, Count, Rate, Share, Workers
from mrilib.ttt import FREE_PHASE, Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift, UnetTraining):
    """Parameters of the networks of paper A's Table 2, and of test-time training with and without a free phase."""

    ttt_learning_rate: Rate
    ttt_iterations: Count
    free_learning_rate: Rate
    free_iterations: Count
    phase_learning_rate: Rate
    phase_weight: Annotated[float, Ge(0), Le(MOST)]
    warmup: Annotated[int, Ge(0), Le(MOST)]
    window: Count
    holdout: Share
    holdout_seeds: Count
    seed_slices: Annotated[int, Ge(2), Le(MOST)]
    live_iterations: Count
    recompute: bool
    workers: Workers

    @property
    def settings(self) -> dict[str, Settings]:
        """Settings of paper A's test-time training, of ours, and of ours with the free phase as its only change.

        All run past their stopping point. Without the other changes, the learning rate is a third lower.
        """
        network = Settings(
            self.ttt_learning_rate, self.ttt_iterations, self.window, self.holdout, seed=self.seed, run_on=True
        )
        free = replace(
            FREE_PHASE,
            learning_rate=self.free_learning_rate,
            max_iterations=self.free_iterations,
            window=self.window,
            holdout=self.holdout,
            seed=self.seed,
            run_on=True,
            warmup=self.warmup,
            phase_learning_rate=self.phase_learning_rate,
            phase_weight=self.phase_weight,
        )
        rate = 2 * self.free_learning_rate / 3
        alone = replace(free, learning_rate=rate, noise_floor=False, tuned="all", balance=0.0)
        return {"network": network, "free": free, "alone": alone}

    @property
    def live(self) -> dict[str, Settings]:
        """The first two for the runs on one slice, with at most `live_iterations` iterations."""
        return {
            phase: replace(one, max_iterations=min(one.max_iterations, self.live_iterations))
            for phase, one in self.settings.items()
            if phase != "alone"
        }
