"""Rows of the table `any_network`: U-Nets under five shifts."""

from dataclasses import replace

import torch

from mrilib.beyond.ttt_for_any_network.experiment import MODEL, first_rows, seed_rows
from mrilib.beyond.ttt_for_any_network.parameters import Parameters
from mrilib.paper_a.published import TABLE_2
from mrilib.store.tables import StoredRow

TABLES = ("any_network",)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of every arm under each shift, and of further hold-outs."""
    found: list[StoredRow] = []
    for shift in TABLE_2[MODEL]:
        here = replace(p, shift=shift)
        found += first_rows(here, device).values()
        found += [row for rows in seed_rows(here, device).values() for row in rows]
    return found
