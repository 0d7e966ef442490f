"""How well a network reconstructs while it is being trained: its true score after every epoch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import torch

from mrilib.experiment import Experiment
from mrilib.gap import bootstrap_mean
from mrilib.models.reconstructor import Reconstructor
from mrilib.networks import NetworkSpec, dataset, ssim_without_ttt
from mrilib.stored import Row, StoredTable
from mrilib.training import Progress, fit

T = TypeVar("T")


def learning_curve(
    spec: NetworkSpec, slices: int, device: torch.device | str = "cpu", progress: Progress | None = None
) -> Row:
    """Train from scratch and score validation slices of the same distribution before it and after each epoch.

    The scores decide nothing in the training; with the loss "self" no ground truth does.

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


def watched(
    spec: NetworkSpec,
    look: Callable[[Reconstructor, int], T],
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> tuple[list[float], list[T]]:
    """Train and look at the network before it and after each epoch.

    Args:
        spec: network, data and recipe.
        look: called with the network and the number of epochs done; must leave the weights alone.
        device, progress: as in `training.fit`.

    Returns:
        The mean loss of each epoch, and what `look` returned at each of epochs + 1 points.
    """
    model = spec.initial(device)
    training = spec.training_slices()
    steps_per_epoch = len(spec.recipe.batches(len(training), 0, spec.kinds))  # type: ignore[arg-type]
    seen: list[T] = []

    def watch(step: int, steps: int, loss: float) -> None:
        if step % steps_per_epoch == 0:
            seen.append(look(model, step // steps_per_epoch))
        if progress is not None and step > 0:
            progress(step, steps, loss)

    watch(0, 0, 0.0)
    losses = fit(model, training, spec.recipe, device=device, progress=watch, kinds=spec.kinds)
    return [round(loss, 6) for loss in losses], seen


def stored_curve(
    spec: NetworkSpec,
    slices: int,
    recompute: bool = False,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> tuple[Row, str]:
    """`learning_curve` as it was kept, or made now; and where it comes from, for captions."""
    table, key = curves(slices), curve_key(spec)
    row = table.row(key, lambda: learning_curve(spec, slices, device, progress), recompute)
    return row, table.provenance([key])


def self_supervised(parameters: Mapping[str, Any]) -> dict[str, NetworkSpec]:
    """The two networks of Figure 10, trained on measurements of P alone: the notebook's ViT and a U-Net."""
    unet = {"model": "unet", "chans": parameters["unet_chans"], "train_learning_rate": parameters["unet_learning_rate"]}
    each = {"ViT": parameters, "U-Net": {**parameters, **unet}}
    return {name: Experiment.from_parameters(given).spec("self", "P") for name, given in each.items()}


def curves(slices: int) -> StoredTable:
    """The table of learning curves on so many validation slices."""
    return StoredTable("learning_curves", {"validation_slices": slices})


def curve_key(spec: NetworkSpec) -> dict[str, Any]:
    """What a curve is stored under: the network's specification and its training data."""
    return {**spec.card, "data_digest": spec.data_digest}


def curve_points(name: str, ssim: Sequence[Sequence[float]]) -> list[dict[str, Any]]:
    """Rows for `plot.lines_chart`: mean score and 95 % interval after each epoch, under the network's name."""
    return [{"network": name, "epoch": epoch} | vars(bootstrap_mean(scores)) for epoch, scores in enumerate(ssim)]
