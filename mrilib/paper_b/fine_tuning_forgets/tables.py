"""Rows of the tables `fine_tuning` and `fine_tuning_images`."""

import torch

from mrilib.paper_b.fine_tuning_forgets.experiment import study
from mrilib.paper_b.fine_tuning_forgets.images import TUNED, example_images, shown
from mrilib.paper_b.fine_tuning_forgets.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("fine_tuning", "fine_tuning_images")


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of the network before and after each fine-tuning, on every test set, and the pictures of one of them."""
    scored = study(p, device)
    images = example_images(scored)
    return [*scored.rows(), *(images.stored_row(TUNED, test) for test in shown(scored).values())]
