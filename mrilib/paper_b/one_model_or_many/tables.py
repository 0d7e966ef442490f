"""Rows of the table `one_or_many`: specialists and networks for both, on test slices of each distribution."""

from dataclasses import replace

import torch

from mrilib.paper_b.one_model_or_many.experiment import others, pairs, study
from mrilib.paper_b.one_model_or_many.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("one_or_many",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every pair (Figures 3 and 4; Figure 3 also with longer training), and of the other networks and sizes."""
    each = [replace(one, skewed=skewed) for one in pairs(p).values() for skewed in (False, True)]
    longer = [replace(one, skewed=False) for one in pairs(p.twice_as_long).values()]
    return [row for one in (*each, *longer, *others(p).values()) for row in study(one, device).rows()]
