"""Rows of `table_2`, one per network and shift, and of `trainings`, one per shift and seed of the U-Net."""

from dataclasses import replace
from functools import partial

import torch

from mrilib.paper_a import table_2, trainings
from mrilib.paper_a.published import TABLE_2
from mrilib.paper_a.test_time_training.parameters import Parameters
from mrilib.store.tables import StoredRow

TABLES = ("table_2", "trainings")

PROFILES = ("quick", "varnet")
TRAINED = {"unet": ("anatomy", "dataset", "modality", "acceleration")}  # shifts of which several trainings are stored


def rows(p: Parameters, device: torch.device | str = "cpu") -> list[StoredRow]:
    """Rows of the profile's network under each shift that the paper reports for it, and of its training runs."""
    found = [_block(replace(p, shift=shift), device) for shift in TABLE_2[p.model]]
    for shift in TRAINED.get(p.model, ()):
        found += trainings.rows(replace(p, shift=shift).experiment, p.settings, device, p.workers)
    return found


def _block(p: Parameters, device: torch.device | str) -> StoredRow:
    experiment, settings = p.experiment, p.settings
    slices = len(experiment.test_slices(p.test_slices))
    compute = partial(table_2.compute, experiment, settings, slices, device, p.workers)
    return StoredRow(table_2.stored(p.source), table_2.key(experiment, settings, slices), compute)
