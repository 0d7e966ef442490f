"""What notebook 10 can be given."""

from dataclasses import dataclass
from typing import Literal

from mrilib.paper_a.parameters import OneShift, UnetTraining
from mrilib.store.parameters import Count, Rate
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(OneShift, UnetTraining):
    """The experiment as it is written and as the published code does it."""

    shift: Literal["anatomy", "dataset", "modality"]
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    live: Literal["last iterate", "lines", "leaking", "another seed"]
    live_slices: Count
    recompute: Literal["no", "missing", "all"]
    workers: Count

    @property
    def settings(self) -> Settings:
        """Of test-time training where a row does not change it."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, seed=self.seed)
