"""Parameters of notebook 19."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le

from mrilib.store.parameters import MOST, Count, Device, Rate, Record, Seed, Share, Workers
from mrilib.ttt import Settings


@dataclass(frozen=True, kw_only=True)
class Parameters(Record):
    """Parameters of the real brain's contrasts, two networks, and test-time training."""

    datasets: ClassVar[tuple[str, ...]] = ("brain-vfa",)

    acceleration: Annotated[int, Ge(1), Le(MOST)]
    contrasts: Annotated[int, Ge(1), Le(10)]
    knee_network: str
    brain_network: str
    ttt_learning_rate: Rate
    ttt_iterations: Count
    window: Count
    holdout: Share
    cg_iterations: Count
    seed: Seed
    workers: Workers
    device: Device

    @property
    def settings(self) -> Settings:
        """Settings of test-time training."""
        return Settings(self.ttt_learning_rate, self.ttt_iterations, self.window, self.holdout, seed=self.seed)
