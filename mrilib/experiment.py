"""Paper A's experiment in one place: a shift, the four networks it needs, and the slices of Q it is tested on."""

from dataclasses import dataclass
from typing import Literal

from mrilib.data.catalogue import distribution
from mrilib.data.catalogue import shift as shift_named
from mrilib.data.sources import Source
from mrilib.losses import Kind
from mrilib.models.reconstructor import Fidelity
from mrilib.networks import InMemory, NetworkSpec, dataset
from mrilib.training import Loss, Recipe, Schedule

Side = Literal["P", "Q"]


@dataclass(frozen=True)
class Experiment:
    """Train on P and on Q, with and without self-supervision; test on Q. Arguments as in notebook 04's parameters."""

    shift: str
    source: Source
    train_slices: int  # 0: as many as paper A's list of that distribution holds
    epochs: int
    batch_size: int
    train_learning_rate: float
    schedule: Schedule
    shuffle: bool
    model: str
    chans: int
    num_pool_layers: int
    residual: bool
    pinv_iterations: int
    supervised_target: Kind
    fidelity: Fidelity
    seed: int

    def side(self, side: Side) -> tuple[str, int]:
        """(distribution, acceleration) of P or Q."""
        entry = shift_named(self.shift)
        return (entry.p, entry.p_acceleration) if side == "P" else (entry.q, entry.q_acceleration)

    def title(self, side: Side) -> str:
        """P or Q in words."""
        name, acceleration = self.side(side)
        return f"{distribution(name).title} at {acceleration}×"

    def spec(self, loss: Loss, side: Side) -> NetworkSpec:
        """The network trained with `loss` on one side."""
        name, acceleration = self.side(side)
        recipe = Recipe(
            loss=loss,
            supervised_target=self.supervised_target,
            epochs=self.epochs,
            learning_rate=self.train_learning_rate,
            batch_size=self.batch_size,
            schedule=self.schedule,
            shuffle=self.shuffle,
            seed=self.seed,
        )
        architecture = {
            "name": self.model,
            "chans": self.chans,
            "num_pool_layers": self.num_pool_layers,
            "residual": self.residual,
            "pinv_iterations": self.pinv_iterations,
            "fidelity": self.fidelity,
        }
        return NetworkSpec(name, acceleration, recipe, architecture, self._count(name), self.source)

    def _count(self, name: str) -> int:
        return self.train_slices or distribution(name).train_slices

    def specs(self) -> dict[tuple[Loss, Side], NetworkSpec]:
        """The four networks of paper A's Table 2."""
        pairs: list[tuple[Loss, Side]] = [
            ("supervised", "Q"),
            ("supervised", "P"),
            ("joint", "Q"),
            ("joint", "P"),
        ]
        return {(loss, side): self.spec(loss, side) for loss, side in pairs}

    def test_slices(self, count: int) -> InMemory:
        """Test slices of Q: patients that are in no training and no validation list; 0 takes the whole list."""
        name, acceleration = self.side("Q")
        return dataset(name, "test", count or distribution(name).test_slices, acceleration, self.source)
