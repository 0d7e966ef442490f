"""When test-time training stops, and which of its images it returns: self-validation."""

import math
import warnings
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

Score = Callable[[Tensor], float]
Progress = Callable[[int, float, float], None]
Iterate = Literal["best", "last"]


@dataclass
class History:
    """One entry per iteration; `score` only at the requested iterations."""

    train_error: list[float] = field(default_factory=list)
    validation_error: list[float] = field(default_factory=list)
    score: dict[int, float] = field(default_factory=dict)


def rises(errors: list[float], window: int) -> bool:
    """Published stopping rule: stop when the mean of the last w errors exceeds that of the w errors before.

    It applies once the iteration, counted from 0, exceeds 3w, i.e. from iteration 301 for w = 100.

    Reference: the repository of Darestani, Liu, Heckel, ICML 2022 (windows of 20 or 100 iterations).
    """
    if len(errors) - 1 <= 3 * window:
        return False
    recent, before = errors[-window:], errors[-2 * window : -window]
    return sum(recent) > sum(before)


@dataclass
class Watch:
    """State of a run of test-time training: its history, the image to return, and whether the rule stopped it.

    Args:
        window, iterate, run_on: settings of the rule; see `ttt.Settings`.
        score, score_at, progress: see `ttt.test_time_train`.

    `image` is the image to return, and `last` is the last image seen.
    """

    window: int
    iterate: Iterate = "best"
    run_on: bool = False
    score: Score | None = None
    score_at: Collection[int] = ()
    progress: Progress | None = None
    history: History = field(default_factory=History)
    image: Tensor = field(init=False)
    last: Tensor = field(init=False)
    chosen: int = 0
    stopped: int | None = None
    reason: str = "max_iterations was reached"

    def stops(self, unread: Sequence[tuple[Tensor, Tensor, Tensor]]) -> bool:
        """Read (loss, self-validation error, image) of the latest iterations, in order, up to one that ends the run."""
        numbers = torch.stack([torch.stack(errors) for *errors, _ in unread]).tolist()
        return any(
            self._ends(loss, validation, one[-1]) for (loss, validation), one in zip(numbers, unread, strict=True)
        )

    def _ends(self, loss: float, validation: float, image: Tensor) -> bool:
        iteration = len(self.history.train_error)
        if not math.isfinite(loss) or not math.isfinite(validation):
            if iteration == 0:
                raise ValueError("the loss is not finite before the first step: masked_kspace or the weights hold NaN")
            diverged = f"diverged at iteration {iteration}: the loss is not finite; the best image so far is returned"
            self.reason = diverged if self.stopped is None else self.reason
            warnings.warn(f"test-time training {diverged}", RuntimeWarning, stacklevel=5)
            return True
        self.last = image
        best = validation < min(self.history.validation_error, default=math.inf)
        if self.stopped is None and (best or self.iterate == "last"):
            self.image, self.chosen = image, iteration
        self.history.train_error.append(loss)
        self.history.validation_error.append(validation)
        if self.score is not None and iteration in self.score_at:
            self.history.score[iteration] = self.score(image)
        if self.progress is not None:
            self.progress(iteration, loss, validation)
        if self.stopped is not None or not rises(self.history.validation_error, self.window):
            return False
        self.stopped, self.reason = iteration, "the self-validation error rose"
        return not self.run_on
