"""Rows of the table `real_robustness`."""

import torch

from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.beyond.from_simulation_to_scanner.robustness import stored
from mrilib.store.tables import StoredRow

TABLES = ("real_robustness",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every network, form of the slice, mask and hold-out; computed on the CPU."""
    return [row for _, _, row in stored(p)]
