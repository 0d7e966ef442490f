"""Training recipes: loss, optimizer, schedule, batches."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import torch

from mrilib.losses import Kind
from mrilib.models.reconstructor import Reconstructor
from mrilib.train.objectives import OBJECTIVES, Loss

Schedule = Literal["constant", "cosine", "one_cycle"]


Optimizer = Literal["adam", "sgd"]


MOMENTUM = 0.9  # for "sgd"


WARM_UP, DIVISOR = 0.01, 25.0  # for "one_cycle": fraction of the steps, and ratio of the peak to both ends


LATER = {
    "clip_norm": None,
    "new_masks": False,
    "optimizer": "adam",
    "flips": False,
}  # fields added after weights were shipped: digests omit these values


@dataclass(frozen=True)
class Recipe:
    """Training recipe; the defaults are paper A's for the U-Net (§5; published code).

    `schedule` "one_cycle" is paper B's: the rate rises linearly from 1/25 of `learning_rate` to `learning_rate` over
    1 % of the steps and falls linearly back (Lin, Heckel, ICML 2024, App. B.2). `clip_norm` bounds the gradient's ℓ2
    norm (paper B: 1); `new_masks` draws a new mask for every slice in each epoch (paper B); `flips` mirrors each slice
    at random along either axis (ours). `optimizer` "sgd" has a momentum of 0.9 (paper B, App. F).
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
    flips: bool = False

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
        """The recipe as JSON values, without fields whose value is that in LATER."""
        return {name: value for name, value in asdict(self).items() if name not in LATER or value != LATER[name]}

    def batches(self, slices: int, epoch: int, kinds: Sequence[str] | None = None) -> list[list[int]]:
        """Batch indices of one epoch; they depend only on seed and epoch, so a resumed run sees the same batches.

        If `kinds` is given, each batch holds slices of one kind and is emitted when full. Raises ValueError if there
        is not one kind per slice.
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
        """Learning rate for `step`."""
        if self.schedule == "constant":
            return self.learning_rate
        if self.schedule == "one_cycle":
            rising = max(1.0, WARM_UP * steps)
            height = step / rising if step < rising else (steps - step) / max(1.0, steps - rising)
            return self.learning_rate * (1 / DIVISOR + (1 - 1 / DIVISOR) * height)
        return self.learning_rate * 0.5 * (1 + torch.cos(torch.tensor(torch.pi * step / steps)).item())


def optimizer_of(model: Reconstructor, recipe: Recipe) -> torch.optim.Optimizer:
    """Build the recipe's optimizer; raises ValueError if the network is frozen."""
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("model: no parameter requires a gradient; model.requires_grad_(True) makes all trainable")
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=recipe.learning_rate, momentum=MOMENTUM)
    return torch.optim.Adam(model.parameters(), lr=recipe.learning_rate)
