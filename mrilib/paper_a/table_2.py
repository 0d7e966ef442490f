"""The parts of paper A's Tables 1 to 3 that were run: this run's blocks and stored ones, by network and shift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any

import torch

from mrilib.figures.notebook import record
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_fraction, record_interval
from mrilib.gap import ratio_of_means
from mrilib.paper_a import trainings
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.published import TABLE_2, paper_a
from mrilib.paper_a.schemes import Scores, key, networks_of, scores_with_ttt, scores_without_ttt, tuned
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.store.tables import Row, StoredTable
from mrilib.train.adaptation import Adapted
from mrilib.ttt import Settings

BLOCKS = tuple((model, shift) for model, shifts in TABLE_2.items() for shift in shifts)


@dataclass(frozen=True)
class Block:
    """One network under one shift: scores of every scheme, seconds per slice, and their origin.

    `steps` are the iterations of TTT up to the one at which its rule stops; they are known only under this run's shift.
    """

    result: ShiftResult
    seconds: Mapping[str, Sequence[float]]
    origin: str
    steps: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Suffix of its keys in `results.json`, such as `unet_anatomy`."""
        return f"{self.result.model}_{self.result.shift}"

    @property
    def row(self) -> dict[str, Any]:
        """Row of the table."""
        model, shift = self.result.model, self.result.shift
        return {
            "block": f"{NAMES[model]}, {shift.replace('_', ' ')}",
            "sample": f"{self.result.before.trainings} × {self.result.before.n}",
            "before": vars(self.result.before),
            "after": vars(self.result.after),
            "closed": str(self.result.closed) if self.result.closed.interval else "undefined",
            "paper": paper_a(model, shift).get("closed", "no gap"),
            "supervised": vars(self.result.lift),
            "seconds": " / ".join(f"{median(self.seconds[f'joint on {side}']):.1f}" for side in "PQ"),
            "origin": self.origin,
        }

    def record(self) -> None:
        """Write its numbers to `results.json`, each key ending in the block's name.

        The ratio of times, P to Q, is the ratio of iterations, because both networks take equally long per iteration.
        """
        for scheme, interval in self.result.means.items():
            record_interval(f"ssim_{identifier(scheme)}_{self.name}", interval)
        record_interval(f"gap_before_{self.name}", self.result.before)
        record_interval(f"gap_after_{self.name}", self.result.after)
        record_fraction(f"fraction_closed_{self.name}", self.result.closed)
        record_fraction(f"fraction_reached_{self.name}", self.result.reached)
        record_interval(f"lead_over_supervised_ttt_{self.name}", self.result.lead)
        for side in "PQ":
            seconds = self.seconds[f"joint on {side}"]
            record(f"seconds_{side.lower()}_{self.name}", median(seconds), min(seconds), max(seconds), len(seconds))
        if self.steps and (ratio := ratio_of_means(*(self.steps[f"joint on {side}"] for side in "PQ"))):
            record_interval("time_ratio_p_to_q", ratio)


NAMES = {"unet": "U-Net", "varnet": "VarNet", "vit": "ViT"}
COLUMNS = {
    "block": "",
    "sample": "sample",
    "before": "gap before",
    "after": "gap after",
    "closed": "closed",
    "paper": "closed, paper A",
    "supervised": "TTT gain, supervised P",
    "seconds": "seconds per slice, from P / Q",
    "origin": "from",
}


def identifier(scheme: str) -> str:
    """Convert the name of a scheme to an identifier: `joint on P + TTT` → `joint_p_ttt`."""
    words = scheme.lower().replace(", no early stopping", " last").replace("+", "").replace(" on ", " ")
    return "_".join(words.split())


def stored(source: str) -> StoredTable:
    """Table in which blocks on slices of a source are stored."""
    return StoredTable("table_2", {"source": source}, {__name__})


def compute(
    experiment: Experiment, settings: Settings, slices: int, device: torch.device | str = "cpu", workers: int = 1
) -> Row:
    """Compute a block: train missing networks, and test-time train on every slice."""
    tests = experiment.test_slices(slices)
    samples = [tests[item] for item in range(len(tests))]
    networks = networks_of(experiment, device)
    adapted = tuned(networks, samples, settings, device, workers)
    return as_row(scores_without_ttt(networks, samples, device) | scores_with_ttt(adapted), adapted)


def as_row(scores: Scores, adapted: Mapping[str, Sequence[Adapted]]) -> Row:
    """Stored row of a block: scores by scheme, and seconds per slice by network."""
    return {
        "scores": {name: [round(score, 6) for score in column] for name, column in scores.items()},
        "seconds": {name: [round(one.seconds, 2) for one in records] for name, records in adapted.items()},
    }


def keep(
    experiment: Experiment, settings: Settings, scores: Scores, adapted: Mapping[str, Sequence[Adapted]], slices: int
) -> None:
    """Store this run's block in the cache, to be shown in runs under other shifts."""
    row = as_row(scores, adapted)
    stored(experiment.source).keep(key(experiment, settings, slices), row, sum(map(sum, row["seconds"].values())))


def live(result: ShiftResult, adapted: Mapping[str, Sequence[Adapted]]) -> Block:
    """The block of this run."""
    seconds = {name: [one.seconds for one in records] for name, records in adapted.items()}
    steps = {name: [one.record.stopped_at + 1 for one in records] for name, records in adapted.items()}
    return Block(result, seconds, "this run", steps)


def blocks(own: Block, experiment: Experiment, settings: Settings) -> list[Block]:
    """This run's block and the stored ones, in the paper's order; over several training runs where stored."""
    given: Any = {"experiment": experiment, "settings": settings, "slices": own.result.before.n}
    here = (own.result.model, own.result.shift)
    found = [own if block == here else stored_block(*block, **given) for block in BLOCKS]
    return [of_trainings(block, block is not own, experiment, settings) for block in found if block is not None]


def stored_block(model: str, shift: str, *, experiment: Experiment, settings: Settings, slices: int) -> Block | None:
    """Find a stored block: the one computed with these parameters if the network is the same, else the package's.

    Returns None if there is neither; blocks with another number of test slices are ignored.
    """
    kept = stored(experiment.source)
    same = replace(experiment, shift=shift)
    entry = kept.find(key(same, settings, slices)) if model == experiment.architecture["name"] else None
    if entry is None:
        wanted = {"model": model, "shift": shift, "slices": slices}
        entry = next((one for one in kept.shipped if wanted.items() <= one["key"].items()), None)
    if entry is None:
        return None
    result = ShiftResult(model, shift, experiment.source, entry["row"]["scores"])
    return Block(result, entry["row"]["seconds"], kept.provenance([entry["key"]]))


def of_trainings(block: Block, of_package: bool, experiment: Experiment, settings: Settings) -> Block:
    """The block with the scores of several training runs, if stored for its parameters or for the package's.

    Several runs have no scores without early stopping. These scores, and those at the stopping point, therefore remain
    those of the single run.
    """
    shift, model = replace(experiment, shift=block.result.shift), block.result.model
    found = trainings.of_experiment(shift, settings) if model == experiment.architecture["name"] else None
    if found is None and of_package:
        found = trainings.of_package(shift, model)
    if found is None:
        return block
    scores, stopped = {**block.result.scores, **found.scores}, block.result.scores["joint on P + TTT"]
    result = replace(block.result, scores=scores, stopped=stopped)
    return replace(block, result=result, origin=found.origin, steps=found.steps if block.steps else {})


def overview(found: Sequence[Block], simulated: str) -> Table:
    """Table with one row per block: gap before and after, fraction closed beside the paper's, and the cost."""
    sizes = sorted({block.result.before.n for block in found})
    slices = " or ".join(map(str, sizes))
    caption = f"SSIM on Q; {slices} {simulated} test slices per row"
    return table([block.row for block in found], COLUMNS, caption=caption)
