"""Rows of the table `wavelets`: ℓ1-wavelet reconstructions at several weights."""

import torch

from mrilib.paper_b.wavelets_need_tuning.experiment import Tuning
from mrilib.paper_b.wavelets_need_tuning.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("wavelets",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of the validation and test slices of every distribution; always computed on the CPU."""
    return Tuning(p.names, p.weights, p.validation_slices, p.test_slices, p.acceleration, p.source, p.recompute).rows()
