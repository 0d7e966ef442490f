"""Learning curve of a network: its true score after every epoch of training."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.gap import mean_interval
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.transformers.parameters import Parameters
from mrilib.store.tables import Row, StoredRow, StoredTable
from mrilib.train.networks import NetworkSpec, dataset, ssim_without_ttt
from mrilib.train.training import Progress
from mrilib.train.watched import watched


def learning_curve(
    spec: NetworkSpec, slices: int, device: torch.device | str = "cpu", progress: Progress | None = None
) -> Row:
    """Train from scratch, and score validation slices of the same distribution before training and after each epoch.

    The scores do not influence training; with the loss "self", neither does any ground truth.

    Args:
        spec: network, data and recipe.
        slices: number of validation slices.
        device, progress: as in `training.fit`.

    Returns:
        {"loss": mean of each epoch, "ssim": for each of epochs + 1 points the score of every slice}.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. G and Figure 10.
    """
    held_out = dataset(spec.distribution, "validation", slices, spec.acceleration, spec.source)

    def score(model: Reconstructor, epoch: int) -> list[float]:
        return [round(score, 6) for score in ssim_without_ttt(model, held_out, device)]

    losses, curve = watched(spec, score, device, progress)
    return {"loss": losses, "ssim": curve}


def stored_curve(spec: NetworkSpec, slices: int, device: torch.device | str = "cpu") -> StoredRow:
    """Stored row of `learning_curve`."""
    key = {
        **curve_key(spec),
        "validation": data_digest(distribution(spec.distribution), "validation", slices, spec.source),
    }
    return StoredRow(curves(slices), key, partial(learning_curve, spec, slices, device))


def self_supervised(p: Parameters) -> dict[str, NetworkSpec]:
    """The two networks of Figure 10, trained on measurements of P alone: the notebook's ViT and a U-Net."""
    return {"ViT": p.experiment.spec("self", "P"), "U-Net": p.unet_experiment.spec("self", "P")}


def curves(slices: int) -> StoredTable:
    """Table of learning curves on the given number of validation slices."""
    return StoredTable("learning_curves", {"validation_slices": slices}, {__name__})


def curve_key(spec: NetworkSpec) -> dict[str, Any]:
    """Key under which a curve is stored: the network's specification and its training data."""
    return {**spec.card, "data_digest": spec.data_digest}


def curve_points(name: str, ssim: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Rows for `plot.lines_chart`: mean score and 95 % interval after each epoch, under the network's name."""
    return [{"network": name, "epoch": epoch} | vars(mean_interval(scores)) for epoch, scores in enumerate(ssim)]
