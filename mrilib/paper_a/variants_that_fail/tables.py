"""Rows of the table `variants`: TTT on the k-space loss, of all weights or of gains and offsets only; CycleU-Net.

Table 5's rows are also stored for networks trained for twice as many epochs.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.paper_a.experiment import Side
from mrilib.paper_a.variants_that_fail.experiment import LENGTHENED, Closing, consistency_row
from mrilib.paper_a.variants_that_fail.parameters import Parameters
from mrilib.store.tables import Key, Row, StoredRow, StoredTable
from mrilib.train.networks import network, ssim_without_ttt

TABLES = ("variants",)

METHODS = ("affine-only", "joint")


def consistency(p: Parameters, method: str, side: Side, device: torch.device | str = "cpu") -> StoredRow:
    """Row of the joint network of one side, tuned by one of METHODS."""
    two_head, affine = p.with_network("two_head"), method == "affine-only"
    spec = two_head.spec("joint", side)
    how = replace(p.settings, learning_rate=p.affine_learning_rate) if affine else p.settings
    key = {"method": method, "trained_on": side, "network": spec.digest, "learning_rate": how.learning_rate}
    tests = partial(two_head.test_slices, p.test_slices)
    return _row(p, key, lambda: consistency_row(spec, tests(), how, affine, device, p.workers))


def round_trip(p: Parameters, side: Side, device: torch.device | str = "cpu") -> StoredRow:
    """Row of one side's supervised network and of its CycleU-Net after TTT."""
    plain, cycle = p.with_network("two_head").spec("supervised", side), p.with_network("cycle").spec("cycle", side)
    task = p.variants["CycleU-Net"]

    def compute() -> Row:
        tests = p.with_network("cycle").test_slices(p.test_slices)
        samples = [tests[item].to(device) for item in range(len(tests))]
        found = {"supervised": ssim_without_ttt(network(plain, device), samples, device)}
        found["CycleU-Net + TTT"] = task.after(network(cycle, device), samples, p.seed)
        return {name: [round(score, 6) for score in column] for name, column in found.items()}

    key = {"method": "round trip", "trained_on": side, "networks": [plain.digest, cycle.digest], "seed": p.seed}
    return _row(p, key | {"learning_rate": task.learning_rate, "iterations": task.iterations}, compute)


def _row(p: Parameters, key: Key, compute: Callable[[], Row]) -> StoredRow:
    two_head = p.with_network("two_head")
    entry = distribution(two_head.side("Q")[0])
    tests = data_digest(entry, "test", p.test_slices or entry.test_slices, p.source)
    settings = {**two_head.card, "slices": p.test_slices, "ttt": p.settings.card}
    return StoredRow(StoredTable("variants", settings, {__name__}), {**key, "tests": tests}, compute)


def table_5(p: Parameters, device: torch.device | str = "cpu") -> dict[Side, tuple[StoredRow, StoredRow]]:
    """Rows on which Table 5 rests: that of the round trip, and that of paper A's own method, by side."""
    sides: tuple[Side, ...] = ("Q", "P")
    return {side: (round_trip(p, side, device), consistency(p, "joint", side, device)) for side in sides}


def stored_closings(p: Parameters) -> dict[str, Closing]:
    """Parts of the gap that CycleU-Net and paper A's own method leave, from stored rows; empty if a row is missing."""
    found = table_5(p)
    if any(row.table.find(row.key) is None for pair in found.values() for row in pair):
        return {}
    q, p_ = ({**trip.read(), "joint + TTT": own.read()["after"]} for trip, own in (found["Q"], found["P"]))
    return {name: Closing(q["supervised"], p_["supervised"], q[name], p_[name]) for name in LENGTHENED}


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """All rows that the notebook reads."""
    longer = [row for pair in table_5(p.twice_as_long, device).values() for row in pair]
    return [*(consistency(p, method, side, device) for method in METHODS for side in ("Q", "P")), *longer]
