"""Rows of the tables `mixtures` and `mixture_images`: networks trained on mixtures of P and Q."""

import torch

from mrilib.paper_a.mixtures.images import MixtureImages
from mrilib.paper_a.mixtures.parameters import Parameters
from mrilib.paper_a.mixtures.sweep import Mixtures
from mrilib.store.tables import StoredRow

TABLES = ("mixtures", "mixture_images")


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows with scores of one mixture and of both ends under every shift, and its images under the selected shift."""
    sweeps = {shift: Mixtures(one, p.test_slices) for shift, one in p.experiments.items()}
    scores = [one.stored_row(c, device) for one in sweeps.values() for c in (0.0, p.coefficient, 1.0)]
    return [*scores, MixtureImages(sweeps[p.shift], device).stored_row(p.coefficient)]
