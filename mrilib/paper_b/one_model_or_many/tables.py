"""Rows of the table `one_or_many`: specialists and networks for both, on test slices of each distribution."""

from dataclasses import replace

import torch

from mrilib.paper_b.one_model_or_many.experiment import others, pairs, study
from mrilib.paper_b.one_model_or_many.parameters import Parameters
from mrilib.paper_b.trainings import SEEDS
from mrilib.store.tables import StoredRow

TABLES = ("one_or_many",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every pair with several seeds (Figures 3 and 4) and longer training, and of the other networks."""
    each = [replace(one, skewed=False) for one in pairs(p).values()]
    seeded = [replace(one, seed=seed, skewed=skewed) for skewed in (False, True) for one in each for seed in SEEDS]
    longer = [one.twice_as_long for one in each]
    return [row for one in (*seeded, *longer, *others(p).values()) for row in study(one, device).rows()]
