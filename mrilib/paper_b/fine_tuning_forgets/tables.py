"""Rows of the table `fine_tuning`."""

import torch

from mrilib.paper_b.fine_tuning_forgets.experiment import study
from mrilib.paper_b.fine_tuning_forgets.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("fine_tuning",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of the network before and after each fine-tuning, on every test set."""
    return study(p, device).rows()
