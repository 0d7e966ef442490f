"""Paper A's Tables 1 to 3 as far as they were run: this run's block beside the stored ones, network by shift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mrilib.adaptation import Adapted
from mrilib.experiment import QUICK, Experiment
from mrilib.experiments.published import TABLE_2, paper_a
from mrilib.gap import performance_gap
from mrilib.notebook import record
from mrilib.plot import Table, table
from mrilib.show.report import ShiftResult, record_interval
from mrilib.stored import StoredTable

BLOCKS = tuple((model, shift) for model, shifts in TABLE_2.items() for shift in shifts)
KEPT = (*QUICK, "num_cascades", "shift", "ttt_learning_rate", "ttt_iterations", "window", "holdout", "unit")


@dataclass(frozen=True)
class Block:
    """One network under one shift: scores of every scheme, seconds a slice, and where they come from."""

    result: ShiftResult
    seconds: Mapping[str, Sequence[float]]
    origin: str

    @property
    def name(self) -> str:
        """Suffix of its keys in `results.json`, as `unet_anatomy`."""
        return f"{self.result.experiment.architecture['name']}_{self.result.experiment.shift}"

    @property
    def row(self) -> dict[str, Any]:
        """Its line of the table."""
        model, shift = self.result.experiment.architecture["name"], self.result.experiment.shift
        lift = performance_gap(self.result.scores["supervised on P + TTT"], self.result.scores["supervised on P"])
        return {
            "block": f"{NAMES[model]}, {shift.replace('_', ' ')}",
            "before": vars(self.result.before),
            "after": vars(self.result.after),
            "closed": str(self.result.closed) if self.result.closed.interval else "undefined",
            "paper": paper_a(model, shift).get("closed", "no gap"),
            "supervised": vars(lift),
            "seconds": " / ".join(f"{median(self.seconds[f'joint on {side}']):.1f}" for side in "PQ"),
            "origin": self.origin,
        }

    def record(self) -> None:
        """Write its numbers to `results.json`, each key ending in the block's name."""
        for scheme, interval in self.result.means.items():
            record_interval(f"ssim_{identifier(scheme)}_{self.name}", interval)
        record_interval(f"gap_before_{self.name}", self.result.before)
        record_interval(f"gap_after_{self.name}", self.result.after)
        closed = self.result.closed
        if closed.interval:
            record_interval(f"fraction_closed_{self.name}", closed.interval)
        for side in "PQ":
            seconds = self.seconds[f"joint on {side}"]
            record(f"seconds_{side.lower()}_{self.name}", median(seconds), min(seconds), max(seconds), len(seconds))


NAMES = {"unet": "U-Net", "varnet": "VarNet", "vit": "ViT"}
COLUMNS = {
    "block": "",
    "before": "gap before",
    "after": "gap after",
    "closed": "closed",
    "paper": "closed, paper A",
    "supervised": "TTT lifts supervised P by",
    "seconds": "seconds per slice, from P / Q",
    "origin": "from",
}


def identifier(scheme: str) -> str:
    """`joint on P + TTT` as `joint_p_ttt`."""
    words = scheme.lower().replace(", no early stopping", " last").replace("+", "").replace(" on ", " ")
    return "_".join(words.split())


def blocks(live: ShiftResult, adapted: Mapping[str, Sequence[Adapted]], parameters: Mapping[str, Any]) -> list[Block]:
    """This run's block, which is kept for `StoredTable.ship`, and the stored ones of as many slices of the same source.

    Args:
        live: scores of this run.
        adapted: its records of test-time training by network, as `joint on P`.
        parameters: the notebook's, to be kept beside the numbers.
    """
    source, slices = live.experiment.source, live.before.n
    seconds = {name: [round(one.seconds, 2) for one in records] for name, records in adapted.items()}
    scores = {name: [round(score, 6) for score in column] for name, column in live.scores.items()}
    own = {"model": live.experiment.architecture["name"], "shift": live.experiment.shift}
    kept = {name: parameters[name] for name in KEPT if name in parameters}
    row = {"scores": scores, "seconds": seconds, "parameters": kept}
    table_of(source, slices).row(own, lambda: row, recompute=True)
    found = []
    for model, shift in BLOCKS:
        is_own = {"model": model, "shift": shift} == own
        block = Block(live, seconds, "this run") if is_own else stored_block(model, shift, source, slices)
        if block is not None:
            found.append(block)
    return found


def table_of(source: str, slices: int) -> StoredTable:
    """Where blocks of so many test slices of a source are kept."""
    return StoredTable("table_2", {"source": source, "test_slices": slices})


def stored_block(model: str, shift: str, source: str, slices: int) -> Block | None:
    """A block as it was kept, or None where it was not."""
    key, stored = {"model": model, "shift": shift}, table_of(source, slices)
    entry = stored.find(key)
    if entry is None:
        return None
    row = entry["row"]
    result = ShiftResult(Experiment.from_parameters(row["parameters"]), row["scores"])
    return Block(result, row["seconds"], stored.provenance([key]))


def overview(found: Sequence[Block], simulated: str) -> Table:
    """Every block a line: the gap before and after, the fraction closed beside the paper's, and what it costs."""
    n = found[0].result.before.n
    return table([block.row for block in found], COLUMNS, caption=f"SSIM on Q, {n} {simulated} test slices each")
