"""One training loop for every network: optimizer, schedule, checkpoint, resume to the same bits."""

import math
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import torch
from torch import Tensor
from torch.utils.data import Dataset

from mrilib.checkpoints import load_checkpoint, save_checkpoint
from mrilib.data.slices import Sample, collate
from mrilib.distributed import workers
from mrilib.losses import Kind
from mrilib.metrics import center_crop, ssim
from mrilib.models.reconstructor import Reconstructor
from mrilib.objectives import OBJECTIVES, Loss

Schedule = Literal["constant", "cosine", "one_cycle"]
Optimizer = Literal["adam", "sgd"]
MOMENTUM = 0.9  # of "sgd"
WARM_UP, DIVISOR = 0.01, 25.0  # of "one_cycle": share of the steps, and the peak over both ends
LATER = {
    "clip_norm": None,
    "new_masks": False,
    "optimizer": "adam",
}  # fields that came after weights: digests lack these
Progress = Callable[[int, int, float], None]


class TrainingInterrupted(KeyboardInterrupt):
    """A signal stopped training; what was computed is in the checkpoint, and running again continues."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained. The defaults are paper A's for the U-Net (§5; published code).

    `schedule` "one_cycle" is paper B's: linearly from a 25th of `learning_rate` to all of it over 1 % of the steps, and
    linearly back (Lin, Heckel, ICML 2024, App. B.2). `clip_norm` bounds the gradient's ℓ2 norm (paper B: 1);
    `new_masks` draws every slice's mask anew in each epoch (paper B). `optimizer` "sgd" has a momentum of 0.9 (paper B,
    App. F).
    """

    loss: Loss = "joint"
    supervised_target: Kind = "magnitude"
    epochs: int = 300
    learning_rate: float = 1e-5
    batch_size: int = 1
    schedule: Schedule = "constant"
    shuffle: bool = True
    seed: int = 0
    clip_norm: float | None = None
    new_masks: bool = False
    optimizer: Optimizer = "adam"

    def __post_init__(self) -> None:
        if self.loss not in OBJECTIVES:
            raise ValueError(f"loss {self.loss!r}: expected one of {', '.join(OBJECTIVES)}")
        if self.supervised_target not in ("magnitude", "complex"):
            raise ValueError(f"supervised_target {self.supervised_target!r}: expected magnitude or complex")
        if self.schedule not in get_args(Schedule):
            raise ValueError(f"schedule {self.schedule!r}: expected one of {', '.join(get_args(Schedule))}")
        if self.optimizer not in get_args(Optimizer):
            raise ValueError(f"optimizer {self.optimizer!r}: expected one of {', '.join(get_args(Optimizer))}")
        if self.clip_norm is not None and not self.clip_norm > 0:
            raise ValueError(f"clip_norm must be positive or None, got {self.clip_norm}")
        if min(self.epochs, self.batch_size) < 1 or not 0 < self.learning_rate < math.inf:
            raise ValueError("epochs, batch_size and learning_rate must be positive")

    @property
    def card(self) -> dict[str, Any]:
        """The recipe as JSON values, without those of LATER that are as they were before."""
        return {name: value for name, value in asdict(self).items() if name not in LATER or value != LATER[name]}

    def batches(self, slices: int, epoch: int, kinds: Sequence[str] | None = None) -> list[list[int]]:
        """Indices of the batches of one epoch; depends on seed and epoch only, so a resumed run sees the same.

        Where `kinds` gives each slice one, a batch holds slices of one kind, and stands where it became full.
        ValueError if there is not one kind per slice.
        """
        if kinds is not None and len(kinds) != slices:
            raise ValueError(f"kinds: expected one for each of {slices} slices, got {len(kinds)}")
        order = list(range(slices))
        if self.shuffle:
            generator = torch.Generator().manual_seed(1_000_003 * self.seed + epoch)
            order = torch.randperm(slices, generator=generator).tolist()
        full: list[list[int]] = []
        begun: dict[str, list[int]] = {}
        for item in order:
            kind = kinds[item] if kinds else ""
            batch = begun.setdefault(kind, [])
            batch.append(item)
            if len(batch) == self.batch_size:
                full.append(begun.pop(kind))
        return [*full, *begun.values()]

    def rate(self, step: int, steps: int) -> float:
        """Learning rate before `step`."""
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "one_cycle":
            rising = max(1.0, WARM_UP * steps)
            height = step / rising if step < rising else (steps - step) / max(1.0, steps - rising)
            return self.learning_rate * (1 / DIVISOR + (1 - 1 / DIVISOR) * height)
        return self.learning_rate * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * step / steps)).item())


@runtime_checkable
class Redrawable(Protocol):
    """Slices whose masks can be drawn again, as `SliceDataset`'s."""

    def redrawn(self, item: int, draw: int) -> Sample: ...


def _drawing(slices: Dataset[Sample] | Sequence[Sample], new_masks: bool) -> Callable[[int, int], Sample]:
    """How a slice is taken in an epoch: as it is, or under a mask of that epoch."""
    if not new_masks:
        return lambda item, epoch: slices[item]
    if not isinstance(slices, Redrawable):
        raise ValueError(f"new_masks: {type(slices).__name__} keeps its masks; train on a SliceDataset")
    return slices.redrawn


def optimizer_of(model: Reconstructor, recipe: Recipe) -> torch.optim.Optimizer:
    """What the recipe moves the weights with."""
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=recipe.learning_rate, momentum=MOMENTUM)
    return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)


def training_loss(model: Reconstructor, batch: Sample, recipe: Recipe, step: int = 0) -> Tensor:
    """The recipe's loss of one batch; what it draws depends on the recipe's seed and the step only."""
    generator = torch.Generator().manual_seed(1_000_003 * recipe.seed + step)
    return OBJECTIVES[recipe.loss](model, batch, recipe.supervised_target, generator)


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
    """Train `model` in place; returns the mean loss of each epoch.

    Args:
        model: any reconstructor.
        slices: samples of one slice each, by index; equal size when recipe.batch_size > 1.
        recipe: loss, schedule, seed.
        checkpoint: written every `checkpoint_every` steps and when SIGINT or SIGTERM arrives; if it exists,
            training continues from it to the same bits. Also written at the start, to fail before the work is done.
        device: on CUDA the network runs in bfloat16 where that is safe, the physics in float32.
        progress: called as progress(step, steps, loss) after each step.
        kinds: one name per slice; slices of different kinds, whose sizes may differ, never share a batch.

    Where `distributed.join` brought processes together, each computes its share of every batch. The weights are those
    of a single process up to rounding, for losses that are means over slices and draw nothing, as all but "two_head"
    and "cycle" are.

    Raises:
        ValueError: no slices, a loss that is not finite, or a checkpoint of another recipe or number of slices.
        OSError: the checkpoint cannot be written.
        TrainingInterrupted: a signal arrived; the checkpoint has been written.
    """
    count = len(slices)  # type: ignore[arg-type]
    if count == 0:
        raise ValueError("slices: nothing to train on; the list is empty")
    drawn = _drawing(slices, recipe.new_masks)
    model.to(device).train()
    optimizer = optimizer_of(model, recipe)
    epochs = [recipe.batches(count, epoch, kinds) for epoch in range(recipe.epochs)]
    schedule = [(epoch, batch) for epoch, batches in enumerate(epochs) for batch in batches]
    losses: list[float] = []
    job = {"recipe": recipe.card, "slices": count, "kinds": None if kinds is None else list(kinds)}
    if checkpoint is not None and checkpoint.exists():
        losses = _resume(checkpoint, model, optimizer, job)

    crew = workers()

    def save() -> None:
        if checkpoint is not None and crew.leads:
            save_checkpoint(checkpoint, model, optimizer, {**job, "losses": losses})

    crew.wait()  # until all have read what they resume from
    save()
    with _deferred_signals() as arrived:
        for step in range(len(losses), len(schedule)):
            for group in optimizer.param_groups:
                group["lr"] = recipe.rate(step, len(schedule))
            epoch, batch = schedule[step]
            samples = [drawn(item, epoch) for item in crew.share(batch)]
            losses.append(_step(model, optimizer, samples, len(batch), recipe, step, device))
            if progress is not None and crew.leads:
                progress(step + 1, len(schedule), losses[-1])
            if crew.total(bool(arrived), device):
                save()
                reason = f"signal {arrived[0]}" if arrived else "another process"
                raise TrainingInterrupted(f"stopped by {reason} after {step + 1} steps; run again to go on")
            if (step + 1) % checkpoint_every == 0:
                save()
    model.eval()
    per_epoch = len(epochs[0])
    return [sum(losses[i : i + per_epoch]) / per_epoch for i in range(0, len(losses), per_epoch)]


def _resume(
    checkpoint: Path, model: Reconstructor, optimizer: torch.optim.Optimizer, job: dict[str, Any]
) -> list[float]:
    """Restore network and optimizer; returns the losses of the steps that are done."""
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
    """One step of the optimizer on `samples`, this process's part of a batch; returns the loss of the whole."""
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
    """Gradients of the samples' part of the batch's mean loss; returns that part."""
    batch = collate(samples).to(device)
    on_gpu = torch.device(device).type == "cuda"
    with torch.autocast("cuda", torch.bfloat16) if on_gpu else nullcontext():
        loss = training_loss(model, batch, recipe, step)
    if not torch.isfinite(loss):
        raise ValueError(
            f"the training loss is not finite on {', '.join(batch.names)}: a slice holds NaN, or learning_rate "
            f"{recipe.learning_rate} is too large"
        )
    part = loss * (len(samples) / batch_size)
    part.backward()
    return part.item()


@contextmanager
def _deferred_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM instead of dying in the middle of a step."""
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


@torch.no_grad()
def reconstruct(model: Reconstructor, sample: Sample) -> Tensor:
    """The network's image of a batch without test-time training, (batch, 1, y, x) complex."""
    return model(sample.masked_kspace, sample.operator)


def slice_ssim(image: Tensor, sample: Sample) -> list[float]:
    """SSIM of each slice as paper A scores it: magnitude, cropped, mean and deviation matched, slice maximum."""
    target, magnitude = (center_crop(x, sample.recon_size) for x in (sample.target, image.abs()))
    return ssim(target, magnitude, match="mean_std").tolist()
