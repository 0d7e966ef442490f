"""Rows of the tables `pathologies` and `pathology_images`."""

import torch

from mrilib.paper_b.pathologies.experiment import study
from mrilib.paper_b.pathologies.images import LesionImages, examples
from mrilib.paper_b.pathologies.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("pathologies", "pathology_images")


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows with scores of every network on every test set, also with longer training, and images of lesions."""
    scored, longer = study(p, device), study(p.twice_as_long, device)
    images, lesions = LesionImages(scored, p.annotations), examples(scored, "P and Q", p.shown, p.seed)
    return [
        *scored.rows(),
        *longer.rows(),
        *(images.stored_row(arm, one) for one in lesions for arm in ("P", "P and Q")),
    ]
