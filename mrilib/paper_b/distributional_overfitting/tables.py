"""Rows of the table `overfitting`: monitored training runs."""

import torch

from mrilib.paper_b.distributional_overfitting.experiment import curve
from mrilib.paper_b.distributional_overfitting.parameters import Parameters
from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.store.tables import StoredRow

TABLES = ("overfitting",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every training run."""
    return [curve(p, training, device).stored_row for training in TRAININGS]
