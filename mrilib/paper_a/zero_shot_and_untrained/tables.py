"""Rows of the tables `zero_shot` and `contest_images`: every method on validation and test slices, and pictures."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest, Method, trained, untrained
from mrilib.paper_a.zero_shot_and_untrained.images import SHOWN, stored_image, usual
from mrilib.paper_a.zero_shot_and_untrained.parameters import Parameters
from mrilib.sample import Sample
from mrilib.store.records import hardware
from mrilib.store.tables import StoredRow, StoredTable
from mrilib.train.networks import dataset

TABLES = ("zero_shot", "contest_images")


def methods(p: Parameters, device: torch.device | str = "cpu") -> dict[str, Method]:
    """Test-time training, ZS-SSL and two un-trained networks, by name."""
    experiment, unrolled = p.experiment, p.unrolled_experiment
    longer = replace(p.settings, max_iterations=p.untrained_iterations)
    return {
        "joint on P + TTT": trained(experiment.spec("joint", "P"), p.settings, device),
        "joint on Q + TTT": trained(experiment.spec("joint", "Q"), p.settings, device),
        "supervised on P + TTT": trained(experiment.spec("supervised", "P"), p.settings, device),
        "ZS-SSL from P": trained(unrolled.spec("supervised", "P"), p.zero_shot, device),
        "ZS-SSL from Q": trained(unrolled.spec("supervised", "Q"), p.zero_shot, device),
        "un-trained network": untrained(experiment.architecture, longer, device),
        "ConvDecoder": untrained(p.decoder_architecture, longer, device),
    }


def slices(p: Parameters, split: str, device: torch.device | str = "cpu") -> list[Sample]:
    """Slices of Q: each method's rate is chosen on "validation" slices, and "test" slices are only scored."""
    name, acceleration = p.experiment.side("Q")
    found = dataset(name, split, _count(p, split), acceleration, p.source)
    return [found[item].to(device) for item in range(len(found))]


def _count(p: Parameters, split: str) -> int:
    return p.validation_slices if split == "validation" else p.test_slices


def contest(
    p: Parameters,
    validation: Sequence[Sample],
    test: Sequence[Sample],
    device: torch.device | str = "cpu",
) -> Contest:
    """Contest of all methods on these slices."""
    entry = distribution(p.experiment.side("Q")[0])
    digests = {split: data_digest(entry, split, _count(p, split), p.source) for split in ("validation", "test")}
    table = StoredTable("zero_shot", {"shift": p.shift, "source": p.source, **digests}, {__name__})
    machine = f"{hardware()['gpu'] or hardware()['cpu']}, one thread"
    return Contest(methods(p, device), table, p.rates, validation, test, device, machine, p.recompute)


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """All rows that the notebook reads; seconds are measured with one thread."""
    torch.set_num_threads(1)
    found = contest(p, slices(p, "validation", device), slices(p, "test", device), device)
    return [*found.rows(), *(stored_image(found, name, usual(found)) for name in SHOWN)]
