"""Reconstructions of a few lesions, selected by a rule and stored as pictures beside the scores."""

import base64
import zlib
from functools import partial

import numpy as np
import torch
from torch import Tensor

from mrilib.data.annotated import Heads
from mrilib.data.annotations import Region
from mrilib.metrics import center_crop
from mrilib.paper_b.pathologies.analysis import Lesion, lesions
from mrilib.paper_b.study import Study
from mrilib.sample import Sample
from mrilib.scoring import reconstruct
from mrilib.store.tables import Key, Row, StoredRow, StoredTable
from mrilib.train.networks import network

LEVELS = 4095  # grey values of a stored picture


def examples(study: Study, arm: str, count: int, seed: int) -> list[Lesion]:
    """Select the smallest lesion (first among equals) and `count` other small ones at random, not by appearance.

    Raises:
        ValueError: too few small lesions.
    """
    small = sorted(lesions(study, arm, "small"), key=lambda one: one.area)
    if len(small) <= count:
        raise ValueError(f"{len(small)} small lesions in the test slices are too few for {count + 1} examples")
    drawn = np.random.default_rng(seed).choice(len(small) - 1, count, replace=False)
    return [small[0], *(small[1 + place] for place in sorted(drawn))]


class LesionImages:
    """Targets, boxes and reconstructions of a study's lesions.

    Args:
        study: result of `experiment.study`.
        annotations: as in `experiment.study`.
    """

    def __init__(self, study: Study, annotations: str = "") -> None:
        self.study = study
        self.heads = Heads(study.source, annotations)
        self.table = StoredTable("pathology_images", {"source": study.source}, {__name__})

    def _sample(self, lesion: Lesion) -> Sample:
        return self.study.tests[lesion.test].load(self.study.source)[lesion.slice]

    def target(self, lesion: Lesion) -> Tensor:
        """Target of the slice, (y, x), relative to the volume's maximum."""
        sample = self._sample(lesion)
        return center_crop(sample.target, sample.recon_size)[0, 0] / sample.peak

    def box(self, lesion: Lesion) -> Region:
        """Rows and columns of the lesion."""
        path, index = self.study.tests[lesion.test].load(self.study.source).slices[lesion.slice]
        return self.heads.boxes(path, index)[lesion.order]

    def key(self, arm: str, lesion: Lesion) -> Key:
        """Key of a stored picture."""
        return {**self.study.key(arm, lesion.test), "slice": lesion.slice}

    def reconstruction(self, arm: str, lesion: Lesion) -> Tensor:
        """Reconstruction of the slice, (y, x), relative to the volume's maximum; stored, or computed by the network."""
        found = None if self.study.recompute else self.table.find(self.key(arm, lesion))
        row = self._reconstruct(arm, lesion) if found is None else found["row"]
        return opened(row)["image"]

    def stored_row(self, arm: str, lesion: Lesion) -> StoredRow:
        """Stored row with the reconstruction of the slice by a network."""
        return StoredRow(self.table, self.key(arm, lesion), partial(self._reconstruct, arm, lesion), opened)

    def _reconstruct(self, arm: str, lesion: Lesion) -> Row:
        model, sample = network(self.study.arms[arm], self.study.device), self._sample(lesion).to(self.study.device)
        with torch.no_grad():
            image = center_crop(reconstruct(model, sample).abs(), sample.recon_size)[0, 0].cpu() / sample.peak.cpu()
        white = image.max().item()
        pixels = (image / white * LEVELS).round().numpy().astype("<u2").tobytes()
        return {
            "pixels": base64.b64encode(zlib.compress(pixels, 9)).decode(),
            "shape": list(image.shape),
            "white": white,
        }


def opened(row: Row) -> dict[str, Tensor]:
    """The image of a stored row, (y, x), relative to the volume's maximum."""
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(row["pixels"])), "<u2").reshape(row["shape"])
    return {"image": torch.from_numpy(pixels.astype(np.float32)) * (row["white"] / LEVELS)}
