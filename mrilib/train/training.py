"""Training loop for all networks: optimizer, schedule, checkpoints, bitwise reproducible resumption."""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import FrameType
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.models.build import memory
from mrilib.models.reconstructor import Reconstructor
from mrilib.sample import Sample, collate
from mrilib.train.checkpoints import load_checkpoint, save_checkpoint
from mrilib.train.distributed import workers
from mrilib.train.objectives import OBJECTIVES
from mrilib.train.recipe import Recipe, optimizer_of

Progress = Callable[[int, int, float], None]


TRAINED = 16  # bytes a parameter while training: its value, its gradient, two moments of Adam


class TrainingInterrupted(KeyboardInterrupt):
    """A signal stopped training; the progress is in the checkpoint, from which the next run resumes."""


@runtime_checkable
class Redrawable(Protocol):
    """Slices whose masks can be redrawn, such as `SliceDataset`."""

    def redrawn(self, item: int, draw: int) -> Sample: ...


def _drawing(slices: Dataset[Sample] | Sequence[Sample], recipe: Recipe) -> Callable[[int, int], Sample]:
    """Function that returns a slice for an epoch: unchanged, or with the mask or mirroring drawn for that epoch."""
    if recipe.new_masks and not isinstance(slices, Redrawable):
        raise ValueError(f"new_masks: {type(slices).__name__} keeps its masks; train on a SliceDataset")

    def draw(item: int, epoch: int) -> Sample:
        sample = slices.redrawn(item, epoch) if recipe.new_masks else slices[item]  # type: ignore[union-attr]
        turned = np.random.default_rng((recipe.seed, epoch, item)).integers(2, size=2) if recipe.flips else (0, 0)
        for axis, flip in zip((-2, -1), turned, strict=True):
            sample = sample.mirrored(axis) if flip else sample
        return sample

    return draw


def training_loss(model: Reconstructor, batch: Sample, recipe: Recipe, step: int = 0) -> Tensor:
    """The recipe's loss for one batch; its random draws depend only on the recipe's seed and the step."""
    generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + step)
    return OBJECTIVES[recipe.loss](model, batch, recipe.supervised_target, generator)


def refuse_too_large(parameters: int) -> None:
    """Raise ValueError if training a network with this many parameters takes more memory than this machine has."""
    if TRAINED * parameters > memory():
        needed = f"training {parameters:,} parameters takes {TRAINED * parameters / 1e9:,.0f} GB of memory"
        raise ValueError(f"{needed}; this machine has {memory() / 1e9:.0f} GB")


@torch.enable_grad()  # even if the caller disabled gradients
def fit(
    model: Reconstructor,
    slices: Dataset[Sample] | Sequence[Sample],
    recipe: Recipe,
    *,
    checkpoint: Path | None = None,
    checkpoint_every: int = 500,
    device: torch.device | str = "cpu",
    progress: Progress | None = None,
    kinds: Sequence[str] | None = None,
) -> list[float]:
    """Train `model` in place and return the mean loss of each epoch.

    Args:
        model: any reconstructor.
        slices: indexable samples of one slice each; of equal size if recipe.batch_size > 1.
        recipe: loss, schedule, seed.
        checkpoint: written every `checkpoint_every` steps and when SIGINT or SIGTERM arrives; if it exists, training
            resumes from it bit for bit. Also written at the start, so that an unwritable path fails early.
        device: on CUDA, the network runs in bfloat16 where that is safe and the physics in float32.
        progress: called as progress(step, steps, loss) after each step.
        kinds: one name per slice; slices of different kinds, whose sizes may differ, never share a batch.

    If `distributed.join` has connected several processes, all start from the weights of the first, and each computes
    its share of every batch. For losses that are means over slices and draw no random numbers, i.e. all except
    "two_head" and "cycle", the weights equal those of a single process up to rounding.

    Raises:
        ValueError: no slices, a non-finite loss, or a checkpoint of another recipe, number of slices or kinds, or one
            that not every process finds.
        OSError: the checkpoint cannot be written.
        TrainingInterrupted: a signal arrived; the checkpoint has been written.
    """
    count = len(slices)  # type: ignore[arg-type]
    if count == 0:
        raise ValueError("slices: nothing to train on; the list is empty")
    if torch.is_inference_mode_enabled():
        raise ValueError("training needs gradients: leave torch.inference_mode, or use torch.no_grad")
    drawn = _drawing(slices, recipe)
    refuse_too_large(sum(one.numel() for one in model.parameters()))
    model.to(device).train()
    optimizer = optimizer_of(model, recipe)
    per_epoch = len(recipe.batches(count, 0, kinds))
    steps = recipe.epochs * per_epoch
    losses: list[float] = []
    job = {"recipe": recipe.card, "slices": count, "kinds": None if kinds is None else list(kinds)}
    if checkpoint is not None and checkpoint.exists():
        losses = _resume(checkpoint, model, optimizer, job)

    crew = workers()

    def save() -> None:
        if checkpoint is not None and crew.leads:
            save_checkpoint(checkpoint, model, optimizer, {**job, "losses": losses})

    if not crew.agree(len(losses), device):  # all processes have read the checkpoint
        raise ValueError(f"{checkpoint}: not every process finds this checkpoint; put it on a disk that they share")
    crew.take_lead(model)
    save()
    with _deferred_signals() as arrived:
        batches = recipe.batches(count, len(losses) // per_epoch, kinds)
        for step in range(len(losses), steps):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step, steps)
            epoch, place = divmod(step, per_epoch)
            if place == 0:
                batches = recipe.batches(count, epoch, kinds)
            batch = batches[place]
            samples = [drawn(item, epoch) for item in crew.share(batch)]
            losses.append(_step(model, optimizer, samples, len(batch), recipe, step, device))
            if progress is not None and crew.leads:
                progress(step + 1, steps, losses[-1])
            if crew.total(bool(arrived), device):
                save()
                reason = f"signal {arrived[0]}" if arrived else "another process"
                raise TrainingInterrupted(f"stopped by {reason} after {step + 1} steps; run again to continue")
            if (step + 1) % checkpoint_every == 0:
                save()
    model.eval()
    return [sum(losses[i : i + per_epoch]) / per_epoch for i in range(0, len(losses), per_epoch)]


def _resume(
    checkpoint: Path, model: Reconstructor, optimizer: torch.optim.Optimizer, job: dict[str, Any]
) -> list[float]:
    """Restore network and optimizer and return the losses of the completed steps."""
    found = load_checkpoint(checkpoint, model, optimizer)
    if {name: found.get(name) for name in job} != job:
        raise ValueError(f"{checkpoint}: checkpoint of another recipe or list of slices; delete it to start over")
    return found["losses"]


def _step(
    model: Reconstructor,
    optimizer: torch.optim.Optimizer,
    samples: list[Sample],
    batch_size: int,
    recipe: Recipe,
    step: int,
    device: torch.device | str,
) -> float:
    """Take one optimizer step on `samples`, this process's share of a batch, and return the whole batch's loss."""
    optimizer.zero_grad(set_to_none=True)
    mean = _backward(model, samples, batch_size, recipe, step, device) if samples else 0.0
    workers().add_gradients(model)
    if recipe.clip_norm is not None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip_norm)
    optimizer.step()
    return workers().total(mean, device)


def _backward(
    model: Reconstructor,
    samples: list[Sample],
    batch_size: int,
    recipe: Recipe,
    step: int,
    device: torch.device | str,
) -> float:
    """Backpropagate the samples' share of the batch's mean loss and return that share."""
    batch = collate(samples).to(device)
    on_gpu = torch.device(device).type == "cuda"
    with torch.autocast("cuda", torch.bfloat16) if on_gpu else nullcontext():
        loss = training_loss(model, batch, recipe, step)
    part = loss * (len(samples) / batch_size)
    part.backward()
    value = part.item()  # on an accelerator, the one wait of a step
    if not math.isfinite(value):
        raise ValueError(
            f"the training loss is not finite on {', '.join(batch.names)}: a slice holds NaN, or learning_rate "
            f"{recipe.learning_rate} is too large"
        )
    return value


@contextmanager
def _deferred_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of being interrupted in the middle of a step."""
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def note(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield arrived
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
