"""Rows of the table `variants`: TTT on the k-space loss, of all weights or of gains and offsets only."""

from dataclasses import replace
from functools import partial

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.paper_a.experiment import Side
from mrilib.paper_a.variants_that_fail.experiment import consistency_row
from mrilib.paper_a.variants_that_fail.parameters import Parameters
from mrilib.store.tables import StoredRow, StoredTable

TABLES = ("variants",)

METHODS = ("affine-only", "joint")


def consistency(p: Parameters, method: str, side: Side, device: torch.device | str = "cpu") -> StoredRow:
    """Row of the joint network of one side, tuned by one of METHODS."""
    two_head, affine = p.with_network("two_head"), method == "affine-only"
    spec = two_head.spec("joint", side)
    how = replace(p.settings, learning_rate=p.affine_learning_rate) if affine else p.settings
    entry = distribution(two_head.side("Q")[0])
    key = {"method": method, "trained_on": side, "network": spec.digest, "learning_rate": how.learning_rate}
    key["tests"] = data_digest(entry, "test", p.test_slices or entry.test_slices, p.source)
    table = StoredTable("variants", {**two_head.card, "slices": p.test_slices, "ttt": p.settings.card}, {__name__})
    tests = partial(two_head.test_slices, p.test_slices)
    return StoredRow(table, key, lambda: consistency_row(spec, tests(), how, affine, device, p.workers))


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """All rows that the notebook reads."""
    return [consistency(p, method, side, device) for method in METHODS for side in ("Q", "P")]
