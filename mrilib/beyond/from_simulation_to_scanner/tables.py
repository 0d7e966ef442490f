"""Rows of the tables `real_robustness` and `real_wavelets`."""

import torch

from mrilib.beyond.from_simulation_to_scanner import robustness, wavelets
from mrilib.beyond.from_simulation_to_scanner.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("real_robustness", "real_wavelets")


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every network, form of the slice, mask and hold-out, and of ℓ1-wavelets; computed on the CPU."""
    return [*(row for _, _, row in robustness.stored(p)), *wavelets.stored(p)]
