"""Rows of the table `remedies`."""

import torch

from mrilib.beyond.ttt_on_diverse_models.experiment import studies
from mrilib.beyond.ttt_on_diverse_models.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("remedies",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every network on every collection, with and without test-time training."""
    return [row for study in studies(p, device).values() for row in study.rows()]
