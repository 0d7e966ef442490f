"""Training with an observer called after every epoch."""

from collections.abc import Callable
from typing import TypeVar

import torch

from mrilib.models.reconstructor import Reconstructor
from mrilib.train.networks import NetworkSpec
from mrilib.train.training import Progress, fit

T = TypeVar("T")


def watched(
    spec: NetworkSpec,
    look: Callable[[Reconstructor, int], T],
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
) -> tuple[list[float], list[T]]:
    """Train a network, calling `look` before training and after each epoch.

    Args:
        spec: network, data and recipe.
        look: called with the network and the number of epochs done; must not change the weights.
        device, progress: as in `training.fit`.

    Returns:
        The mean loss of each epoch, and the results of `look` at the epochs + 1 points.
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
