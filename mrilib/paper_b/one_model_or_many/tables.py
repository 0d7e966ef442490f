"""Rows of the table `one_or_many`: specialists and networks for both, on test slices of each distribution."""

from dataclasses import replace

import torch

from mrilib.paper_b.one_model_or_many.experiment import others, pairs, study
from mrilib.paper_b.one_model_or_many.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("one_or_many",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every pair as in Figures 3 and 4, and with another network, a smaller one and fewer slices."""
    each = [replace(one, skewed=skewed) for one in pairs(p).values() for skewed in (False, True)]
    return [row for one in (*each, *others(p).values()) for row in study(one, device).rows()]
