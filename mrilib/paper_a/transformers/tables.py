"""Stored rows of notebook 09: learning curves of a ViT and a U-Net, and Table 6 after twice as many epochs."""

from functools import partial

import torch

from mrilib.paper_a.schemes import key
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.table_2 import compute
from mrilib.paper_a.transformers.learning_curve import self_supervised, stored_curve
from mrilib.paper_a.transformers.parameters import Parameters
from mrilib.store.tables import StoredRow, StoredTable

TABLES = ("learning_curves", "twice_as_long")


def longer(p: Parameters) -> dict[int, ShiftResult]:
    """Scores after twice as many epochs, by their number; empty if none are stored."""
    row = scored(p.twice_as_long)
    if row.table.find(row.key) is None:
        return {}
    return {p.twice_as_long.epochs: ShiftResult(p.model, p.shift, p.source, row.read()["scores"])}


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of both networks of Figure 10, and of Table 6's networks trained for twice as many epochs."""
    curves = [stored_curve(spec, p.curve_slices, device) for spec in self_supervised(p).values()]
    return [*curves, scored(p.twice_as_long, device)]


def scored(p: Parameters, device: torch.device | str = "cpu") -> StoredRow:
    """Stored row with the scores of Table 6's networks, without and with TTT."""
    slices = p.experiment.slice_list("Q", "test", p.test_slices)[2]
    how = p.experiment, p.settings, slices
    table = StoredTable("twice_as_long", {"source": p.source}, {compute.__module__})
    return StoredRow(table, key(*how), partial(compute, *how, device, p.workers), lambda row: row["scores"])
