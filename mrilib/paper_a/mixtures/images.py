"""Reconstructions of one slice of P and one of Q by the network of each mixture, stored beside the scores."""

from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from mrilib.data.pictures import packed, unpacked
from mrilib.paper_a.experiment import SIDES, Side
from mrilib.paper_a.mixtures.sweep import Mixtures
from mrilib.sample import Sample
from mrilib.scoring import matched, reconstruct
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.networks import network, stored


@dataclass(frozen=True)
class MixtureImages:
    """First test slice of P and of Q, reconstructed by the network of each mixture.

    Args:
        mixtures: the networks and the slices.
        device: device to reconstruct on.
    """

    mixtures: Mixtures
    device: torch.device | str = "cpu"
    _samples: dict[Side, Sample] = field(default_factory=dict, repr=False)

    @property
    def table(self) -> StoredTable:
        """Table with one row per mixture, under `Mixtures.key`; the package ships the pictures, not the networks."""
        return StoredTable("mixture_images", self.mixtures.table.settings, {__name__})

    def sample(self, side: Side) -> Sample:
        """First test slice of one side."""
        if side not in self._samples:
            self._samples[side] = self.mixtures.tests(side)[0]
        return self._samples[side]

    def target(self, side: Side) -> Tensor:
        """Target of the slice, (y, x) real, scaled to maximum 1."""
        target, _ = matched(self.sample(side), {})
        return target[0, 0] / target.max()

    def pair(self, coefficient: float) -> dict[Side, Tensor] | None:
        """Both slices from a mixture's network, (y, x) real on the target's scale, clipped to [0, 1] in steps of 1/255.

        Mean and standard deviation are matched as for scoring. Returns None if neither pictures nor network are stored;
        nothing is trained here.
        """
        found = self.table.find(self.mixtures.key(coefficient))
        if found is None and stored(self.mixtures.spec(coefficient)) is None:
            return None
        row = self._compute(coefficient) if found is None else found["row"]
        return opened(row)

    def stored_row(self, coefficient: float) -> StoredRow:
        """Stored row with both slices reconstructed by a mixture's network, which is trained if missing."""
        return StoredRow(self.table, self.mixtures.key(coefficient), partial(self._compute, coefficient), opened)

    @torch.no_grad()
    def _compute(self, coefficient: float) -> Row:
        model = network(self.mixtures.spec(coefficient), self.device)
        made = {side: reconstruct(model, self.sample(side).to(self.device)).cpu() for side in SIDES}
        pairs = {side: matched(self.sample(side), {side: image}) for side, image in made.items()}
        return {side: packed((images[side] / target.max())[0, 0]) for side, (target, images) in pairs.items()}


def opened(row: Row) -> dict[Side, Tensor]:
    """The images of a stored row, one for each side, (y, x) in [0, 1]."""
    return {side: unpacked(row[side]) for side in SIDES}
