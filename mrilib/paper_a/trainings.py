"""Several training runs of paper A's four networks: each seed's scores on the same slices of Q, in every measure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.schemes import TUNED, key, networks_of
from mrilib.sample import Sample
from mrilib.scoring import reconstruct
from mrilib.store.tables import Entry, Row, StoredRow, StoredTable
from mrilib.train.adaptation import Adapted, adapt
from mrilib.train.quality import QUALITY, slice_quality
from mrilib.ttt import Settings

SEEDS = (1, 0, 2, 3, 4)  # of weights, order and hold-out, as they are made; 0 is that of the networks that ship
SLICES = 24
ENOUGH = 2  # trainings from which on the interval covers another training
Quality = Mapping[str, Mapping[str, Sequence[Any]]]  # scheme → measure → (slices,), or (trainings, slices)


@dataclass(frozen=True)
class Trainings:
    """The stored training runs of one network under one shift: rows on the same slices, one for each seed."""

    rows: Sequence[Row]
    origin: str

    @property
    def quality(self) -> Quality:
        """Measures of every scheme, (trainings, slices) each."""
        first = self.rows[0]["quality"]
        return {scheme: {one: self._of("quality", scheme, one) for one in QUALITY} for scheme in first}

    @property
    def scores(self) -> dict[str, Sequence[Any]]:
        """SSIM of every scheme, (trainings, slices)."""
        return {scheme: measures["ssim"] for scheme, measures in self.quality.items()}

    @property
    def steps(self) -> dict[str, Sequence[Any]]:
        """Iterations of TTT up to the stop, (trainings, slices), by network."""
        return {name: self._of("steps", name) for name in self.rows[0]["steps"]}

    def _of(self, *path: str) -> list[Any]:
        found: list[Any] = list(self.rows)
        for part in path:
            found = [one[part] for one in found]
        return found


def stored(experiment: Experiment) -> StoredTable:
    """Table of training runs on slices of the experiment's source."""
    return StoredTable("trainings", {"source": experiment.source}, {__name__})


def seeded(experiment: Experiment, settings: Settings, seed: int) -> tuple[Experiment, Settings]:
    """Experiment and settings with another seed of weights, training order and hold-out."""
    return replace(experiment, recipe=replace(experiment.recipe, seed=seed)), replace(settings, seed=seed)


def rows(
    experiment: Experiment, settings: Settings, device: torch.device | str = "cpu", workers: int = 1
) -> list[StoredRow]:
    """The stored row of every seed, regardless of the seed of the experiment."""
    every = [seeded(experiment, settings, seed) for seed in SEEDS]
    table = stored(experiment)
    return [StoredRow(table, key(*one, SLICES), partial(compute, *one, device, workers), comparable) for one in every]


def compute(experiment: Experiment, settings: Settings, device: torch.device | str = "cpu", workers: int = 1) -> Row:
    """Compute a row: train missing networks, and test-time train on every slice without continuing past the stop."""
    tests = experiment.test_slices(SLICES)
    samples = [tests[item] for item in range(len(tests))]
    networks = networks_of(experiment, device)
    adapted = {name: adapt(networks[name], samples, settings, device=device, workers=workers) for name in TUNED}
    steps = {name: [one.record.stopped_at + 1 for one in records] for name, records in adapted.items()}
    measured = quality(networks, adapted, samples, device)
    rounded = {name: {one: [round(x, 6) for x in xs] for one, xs in found.items()} for name, found in measured.items()}
    return {"quality": rounded, "steps": steps}


def quality(
    networks: Mapping[str, Reconstructor],
    adapted: Mapping[str, Sequence[Adapted]],
    samples: Sequence[Sample],
    device: torch.device | str = "cpu",
) -> dict[str, dict[str, list[float]]]:
    """Measures of each slice by scheme, for the networks without TTT and for those after TTT."""
    plain = {name: [reconstruct(net, one.to(device)).cpu() for one in samples] for name, net in networks.items()}
    tuned = {f"{name} + TTT": [one.record.image for one in records] for name, records in adapted.items()}
    found = {}
    for name, images in (plain | tuned).items():
        measured = [slice_quality(image, sample) for image, sample in zip(images, samples, strict=True)]
        found[name] = {one: [values[one] for values in measured] for one in QUALITY}
    return found


def comparable(row: Row) -> Mapping[str, Any]:
    """Numbers of a row on the scale of a score: PSNR is given in bels, and iteration counts are left out."""
    scaled = {name: found | {"psnr": [x / 10 for x in found["psnr"]]} for name, found in row["quality"].items()}
    return {"quality": scaled}


def of_experiment(experiment: Experiment, settings: Settings) -> Trainings | None:
    """Stored training runs of an experiment, one per seed; None for data from files or if there are fewer than two."""
    if experiment.source == "files":
        return None
    found = rows(experiment, settings)
    return _together(found[0].table, [entry for row in found if (entry := row.table.find(row.key))])


def of_package(experiment: Experiment, model: str) -> Trainings | None:
    """Stored training runs of another network, as in the package; None if there are fewer than two."""
    table, wanted = stored(experiment), {"model": model, "shift": experiment.shift}
    return _together(table, [entry for entry in table.shipped if wanted.items() <= entry["key"].items()])


def _together(table: StoredTable, entries: Sequence[Entry]) -> Trainings | None:
    if len(entries) < ENOUGH:
        return None
    return Trainings([entry["row"] for entry in entries], table.provenance([entry["key"] for entry in entries]))
