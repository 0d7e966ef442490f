"""Rows of the table `fidelity`: paper A as written and as its published code does it."""

import torch

from mrilib.paper_a.paper_versus_code.fidelity import Bench
from mrilib.paper_a.paper_versus_code.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("fidelity",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of all arms for the main scheme, and of some arms for all four."""
    return list(Bench(p.experiment, p.settings, p.test_slices, device, p.workers).rows().values())
