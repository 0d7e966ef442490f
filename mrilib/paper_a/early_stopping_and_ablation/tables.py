"""Rows of the table `ablation`: TTT of every training variant, and histories for the stopping rules."""

from dataclasses import replace

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.paper_a.early_stopping_and_ablation.ablation import (
    GRID,
    INTERVENTIONS,
    Variant,
    ablation_row,
    small_varnet,
)
from mrilib.paper_a.early_stopping_and_ablation.parameters import Parameters
from mrilib.paper_a.early_stopping_and_ablation.rules import stopping_row
from mrilib.paper_a.experiment import Experiment
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.adaptation import adapt
from mrilib.train.networks import dataset, network
from mrilib.train.objectives import Loss
from mrilib.ttt import Settings

TABLES = ("ablation",)

Device = torch.device | str
LOSSES: tuple[Loss, ...] = ("supervised", "joint")


def _table(experiment: Experiment, settings: Settings, slices: int) -> StoredTable:
    return StoredTable("ablation", {**experiment.card, "slices": slices, "ttt": settings.card}, {__name__})


def _digest(p: Parameters, side: str, split: str, count: int) -> str:
    name, _ = p.experiment.side(side)  # type: ignore[arg-type]
    entry = distribution(name)
    return data_digest(entry, split, count or entry.test_slices, p.source)


def _variant(p: Parameters, variant: Variant, experiment: Experiment, settings: Settings, device: Device) -> StoredRow:
    def compute() -> Row:
        slices = experiment.test_slices(p.test_slices)
        samples = [slices[item].to(device) for item in range(len(slices))]
        return ablation_row(network(variant.spec(experiment), device), variant.turn, samples, settings)

    key = {**variant.key, "tests": _digest(p, "Q", "test", p.test_slices)}
    return StoredRow(_table(experiment, settings, p.test_slices), key, compute)


def variants(p: Parameters, device: Device = "cpu") -> dict[str, StoredRow]:
    """Rows of each training variant of the U-Net and each intervention on its phase, by name."""
    return {one.name: _variant(p, one, p.experiment, p.settings, device) for one in (*GRID, *INTERVENTIONS)}


def varnets(p: Parameters, device: Device = "cpu") -> dict[str, StoredRow]:
    """Rows of a VarNet for either loss with shorter TTT, by name; empty if the parameters have no VarNet."""
    if not p.num_cascades:
        return {}
    brief = replace(p.settings, learning_rate=1e-3, max_iterations=160, window=160)
    return {f"VarNet, {loss}": _variant(p, Variant(loss), small_varnet(p), brief, device) for loss in LOSSES}


def long_settings(p: Parameters) -> Settings:
    """Settings of test-time training for the study of stopping rules."""
    return replace(p.settings, max_iterations=p.long_iterations, run_on=True)


def live_settings(p: Parameters) -> Settings:
    """The same settings for the notebook's own run on one slice, which is no longer than the stored runs."""
    return replace(long_settings(p), max_iterations=min(p.live_iterations, p.long_iterations))


def histories(p: Parameters, device: Device = "cpu") -> dict[str, StoredRow]:
    """Rows with histories of the joint network, on validation slices of P and on test slices of Q."""
    return {
        "validation of P": _histories(p, "P", "validation", p.validation_slices, device),
        "test of Q": _histories(p, "Q", "test", p.test_slices, device),
    }


def _histories(p: Parameters, side: str, split: str, count: int, device: Device) -> StoredRow:
    name, acceleration = p.experiment.side(side)  # type: ignore[arg-type]
    count = count or distribution(name).test_slices

    def compute() -> Row:
        slices = dataset(name, split, count, acceleration, p.source)
        scored = {"score_at": range(p.long_iterations), "device": device, "workers": p.workers}
        joint = network(p.experiment.spec("joint", "P"), device)
        return stopping_row(adapt(joint, slices, long_settings(p), **scored))  # type: ignore[arg-type]

    key = {"stopping": f"{split} of {side}", "slices": count, "iterations": p.long_iterations}
    key["data"] = _digest(p, side, split, count)
    return StoredRow(_table(p.experiment, p.settings, p.test_slices), key, compute)


def rows(p: Parameters, device: Device = "cpu") -> list[StoredRow]:
    """All rows that the notebook reads."""
    return [row for group in (variants, histories, varnets) for row in group(p, device).values()]
