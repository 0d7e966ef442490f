"""Rows of the table `fidelity`: paper A as it is written, and as its published code does it."""

import torch

from mrilib.paper_a.paper_versus_code.fidelity import Bench
from mrilib.paper_a.paper_versus_code.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("fidelity",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """All arms of the main scheme, and some of all four."""
    return list(Bench(p.experiment, p.settings, p.test_slices, device, p.workers).rows().values())
