"""Parameters of notebook 10."""

from dataclasses import dataclass
from typing import Literal

from mrilib.paper_a.parameters import OneShift, UnetTraining
from mrilib.store.parameters import Count, Rate, Workers
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift, UnetTraining):
    """Parameters of the experiment as written and as the published code does it."""

    shift: Literal["anatomy", "dataset", "modality"]
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    live: Literal["last iterate", "lines", "leaking", "another seed"]
    live_slices: Count
    recompute: Literal["no", "missing", "all"]
    workers: Workers

    @property
    def settings(self) -> Settings:
        """Settings of test-time training, unless a row changes them."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, seed=self.seed)
