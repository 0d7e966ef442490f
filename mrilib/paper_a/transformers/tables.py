"""Rows of the table `learning_curves`: self-supervised training of a ViT and of a U-Net."""

import torch

from mrilib.paper_a.transformers.learning_curve import self_supervised, stored_curve
from mrilib.paper_a.transformers.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("learning_curves",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of both networks of Figure 10."""
    return [stored_curve(spec, p.curve_slices, device) for spec in self_supervised(p).values()]
