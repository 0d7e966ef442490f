"""First test slice of a study's test sets, reconstructed by its networks and stored as pictures beside the scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mrilib.data.pictures import packed, unpacked
from mrilib.metrics import center_crop, match_mean_std
from mrilib.paper_b.study import Study
from mrilib.sample import Sample
from mrilib.scoring import reconstruct
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.networks import network, stored


@dataclass(frozen=True)
class ExampleImages:
    """Pictures of the first slice of a test set, one for each network.

    Args:
        study: networks and test sets.
        name: name of the stored table; the package ships the pictures, not the networks.
    """

    study: Study
    name: str

    @property
    def table(self) -> StoredTable:
        """Table with one row per network and test set, under `Study.key`."""
        return StoredTable(self.name, {"source": self.study.source, "match": self.study.match}, {__name__})

    def _sample(self, test: str) -> Sample:
        return self.study.tests[test].load(self.study.source)[0]

    def target(self, test: str) -> Tensor:
        """Target of the slice, (y, x) real, with maximum 1."""
        target = _cropped(self._sample(test).target, self._sample(test))
        return target[0, 0] / target.max()

    def image(self, arm: str, test: str) -> Tensor | None:
        """Reconstruction by a network, (y, x) in [0, 1] on the target's scale; None if image and network are missing.

        The image is matched to the target as for the study's scores. Nothing is trained here.
        """
        found = None if self.study.recompute else self.table.find(self.study.key(arm, test))
        if found is None and stored(self.study.arms[arm]) is None:
            return None
        return opened(self._compute(arm, test) if found is None else found["row"])["image"]

    def images(self, arms: Sequence[str], test: str) -> list[Tensor] | None:
        """Reconstructions by several networks, or None if one of them is missing."""
        found = [image for arm in arms if (image := self.image(arm, test)) is not None]
        return found if len(found) == len(arms) else None

    def stored_row(self, arm: str, test: str) -> StoredRow:
        """Stored row with the reconstruction by a network, which is trained if missing."""
        return StoredRow(self.table, self.study.key(arm, test), partial(self._compute, arm, test), opened)

    @torch.no_grad()
    def _compute(self, arm: str, test: str) -> Row:
        sample = self._sample(test).to(self.study.device)
        output = reconstruct(network(self.study.arms[arm], self.study.device), sample).abs()
        target, image = _cropped(sample.target, sample), _cropped(output, sample)
        image = match_mean_std(target, image) if self.study.match else image
        return {"image": packed((image / target.max())[0, 0].cpu())}


def _cropped(image: Tensor, sample: Sample) -> Tensor:
    return center_crop(image, sample.recon_size)


def opened(row: Row) -> dict[str, Tensor]:
    """The image of a stored row, (y, x) in [0, 1]."""
    return {"image": unpacked(row["image"])}
