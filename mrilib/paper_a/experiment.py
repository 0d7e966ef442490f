"""Paper A's experiment in one place: a shift, its four networks, and the slices of Q on which they are tested."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from mrilib.data.catalogue import distribution
from mrilib.data.catalogue import shift as shift_named
from mrilib.data.sources import Source
from mrilib.train.networks import InMemory, NetworkSpec, dataset
from mrilib.train.objectives import Loss
from mrilib.train.recipe import Recipe

Side = Literal["P", "Q"]
SIDES: tuple[Side, ...] = ("P", "Q")


def side_of(shift: str, side: Side) -> tuple[str, int]:
    """(distribution, acceleration) of P or Q."""
    entry = shift_named(shift)
    return (entry.p, entry.p_acceleration) if side == "P" else (entry.q, entry.q_acceleration)


def side_title(shift: str, side: Side) -> str:
    """Description of P or Q in words."""
    name, acceleration = side_of(shift, side)
    return f"{distribution(name).title} at {acceleration}×"


@dataclass(frozen=True)
class Experiment:
    """Train on P and on Q, with and without self-supervision; test on Q.

    Args:
        shift: the pair P, Q, as a key of `catalogue.SHIFTS`.
        architecture: network architecture, see `models.build.describe`.
        recipe: training recipe; its loss is replaced by that of each network.
        train_slices: number per network; 0 uses as many as paper A's list of that distribution contains.
        source: source of the data, simulation or files.
    """

    shift: str
    architecture: Mapping[str, Any]
    recipe: Recipe
    train_slices: int
    source: Source

    @property
    def card(self) -> dict[str, Any]:
        """The experiment as JSON values, for the settings of stored tables; see `Recipe.card`."""
        return {**asdict(self), "architecture": dict(self.architecture), "recipe": self.recipe.card}

    def side(self, side: Side) -> tuple[str, int]:
        """(distribution, acceleration) of P or Q."""
        return side_of(self.shift, side)

    def slice_list(self, side: Side, split: str, count: int) -> tuple[str, str, int]:
        """(distribution, split, number of slices) of P or Q; 0 test slices means paper A's whole list."""
        name = self.side(side)[0]
        return name, split, count or distribution(name).test_slices

    def title(self, side: Side) -> str:
        """Description of P or Q in words."""
        return side_title(self.shift, side)

    def named(self, scheme: str) -> str:
        """A scheme's name that also says what P and Q are: 'joint on P + TTT' → 'joint on P (PD knee) + TTT'."""
        sides = {side: self.side(side) for side in SIDES}
        alike = sides["P"][0] == sides["Q"][0]
        words = {
            s: f"{acceleration}×" if alike else distribution(name).title for s, (name, acceleration) in sides.items()
        }
        for side, kind in words.items():
            scheme = re.sub(rf"\b{side}\b", f"{side} ({kind})", scheme)
        return scheme

    def spec(self, loss: Loss, side: Side) -> NetworkSpec:
        """Specification of the network trained with `loss` on one side."""
        name, acceleration = self.side(side)
        recipe = replace(self.recipe, loss=loss)
        return NetworkSpec(name, acceleration, recipe, dict(self.architecture), self._count(name), self.source)

    def _count(self, name: str) -> int:
        return self.train_slices or distribution(name).train_slices

    def specs(self) -> dict[tuple[Loss, Side], NetworkSpec]:
        """Specifications of the four networks of paper A's Table 2."""
        pairs: list[tuple[Loss, Side]] = [
            ("supervised", "Q"),
            ("supervised", "P"),
            ("joint", "Q"),
            ("joint", "P"),
        ]
        return {(loss, side): self.spec(loss, side) for loss, side in pairs}

    def test_slices(self, count: int) -> InMemory:
        """Test slices of Q, from patients in no training or validation list; a `count` of 0 takes the whole list."""
        name, acceleration = self.side("Q")
        return dataset(name, "test", count or distribution(name).test_slices, acceleration, self.source)
