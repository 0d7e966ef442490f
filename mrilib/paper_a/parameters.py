"""Parameters shared by paper A's sections: the shifts, and how networks are trained on P and on Q."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, Self

from annotated_types import Ge, Le

from mrilib.data.catalogue import SHIFTS
from mrilib.data.parameters import Sourced
from mrilib.models.build import describe
from mrilib.paper_a.experiment import Experiment
from mrilib.store.kinds import OneOf
from mrilib.store.parameters import Count, CountOrAll, Device, Rate, Seed, Width
from mrilib.train.recipe import Recipe

Shift = Annotated[str, OneOf(SHIFTS)]
Halvings = Annotated[int, Ge(1), Le(8)]
AS_WRITTEN = {"residual": False, "pinv_iterations": 0, "fidelity": "paper"}  # paper A's image-to-image networks


@dataclass(frozen=True, kw_only=True)
class Training(Sourced):
    """Parameters of networks trained on P and on Q under every shift, and of the test slices of Q."""

    seed: Seed
    test_slices: CountOrAll
    train_slices: CountOrAll
    epochs: Count
    batch_size: Count
    train_learning_rate: Rate
    schedule: Literal["constant", "cosine"]
    shuffle: bool
    device: Device

    @property
    def architecture(self) -> dict[str, Any]:
        """Architecture of the section's network, see `models.build.describe`."""
        raise NotImplementedError

    @property
    def recipe(self) -> Recipe:
        """Training recipe; `Experiment.spec` sets its loss."""
        return Recipe(
            epochs=self.epochs,
            learning_rate=self.train_learning_rate,
            batch_size=self.batch_size,
            schedule=self.schedule,
            shuffle=self.shuffle,
            seed=self.seed,
        )

    @property
    def twice_as_long(self) -> Self:
        """Same parameters with twice as many epochs."""
        return replace(self, epochs=2 * self.epochs)

    @property
    def experiments(self) -> dict[str, Experiment]:
        """Experiments by shift."""
        return {shift: self._under(shift) for shift in SHIFTS}

    def _under(self, shift: Shift) -> Experiment:
        return Experiment(shift, self.architecture, self.recipe, self.train_slices, self.source)


@dataclass(frozen=True, kw_only=True)
class OneShift(Training):
    """Same parameters under a single shift."""

    shift: Shift

    @property
    def experiment(self) -> Experiment:
        """Experiment under this shift."""
        return self._under(self.shift)

    @property
    def experiments(self) -> dict[str, Experiment]:
        return {self.shift: self.experiment}


@dataclass(frozen=True, kw_only=True)
class UnetTraining(Training):
    """Parameters of paper A's U-Net, as written in the paper."""

    chans: Width
    num_pool_layers: Halvings

    @property
    def architecture(self) -> dict[str, Any]:
        return describe("unet", AS_WRITTEN | self.values)
