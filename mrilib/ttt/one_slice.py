"""Test-time training of one slice."""

from collections.abc import Collection
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mrilib.models.free_phase import FreePhase, SharedAdam
from mrilib.models.reconstructor import Reconstructor
from mrilib.ttt.objective import slice_objective
from mrilib.ttt.settings import Settings
from mrilib.ttt.stopping import History, Progress, Score, Watch


@dataclass(frozen=True)
class TTTRecord:
    """Result of test-time training on one slice.

    `image` is the reconstruction, (1, 1, y, x) complex; `stopped_at` is the iteration at which the rule stopped and
    `chosen_at` the one from which `image` comes; `last_image` is the image of the last iteration computed.
    """

    image: Tensor
    last_image: Tensor
    history: History
    stopped_at: int
    chosen_at: int
    reason: str


READ_EVERY = {"cpu": 1}  # iterations between two readings of the errors, which wait for an accelerator
READ_ELSEWHERE = 10


@torch.enable_grad()  # even if the caller disabled gradients
def test_time_train(
    model: Reconstructor,
    masked_kspace: Tensor,
    mask: Tensor,
    sens_maps: Tensor | None = None,
    settings: Settings | None = None,
    *,
    score: Score | None = None,
    score_at: Collection[int] = (),
    progress: Progress | None = None,
) -> TTTRecord:
    """Minimise ‖y − A f_θ(A†y)‖₁/‖y‖₁ over a copy of the weights until the error on held-out measurements rises.

    With a free phase, f_θ(A†y) is replaced by |f_θ(A†y)| exp(i (φ₀ + ψ)), and ψ is tuned too; see `FreePhase`.

    Args:
        model: the trained network; not modified.
        masked_kspace: y, (1, coil, ky, kx) complex.
        mask: (1, 1, 1 or ky, kx) bool.
        sens_maps: (1, coil, y, x); estimated from the calibration lines of y when None.
        settings: step size, stopping rule and hold-out; paper A's when None.
        score, score_at: function image → number, and the iterations at which to evaluate it (teaching; costs time).
        progress: called as progress(iteration, train error, validation error).

    Returns:
        TTTRecord. On divergence (NaN), training stops with the best iterate so far and a RuntimeWarning.

    Raises:
        ValueError: more than one slice, a mask or maps of another shape, a frozen network, a hold-out that leaves
            nothing to train or validate on, or a loss that is not finite before the first step.

    Reference: Darestani, Liu, Heckel, ICML 2022, §4; windows and hold-out from its published code.
    """
    settings = settings or Settings()
    objective = slice_objective(model, masked_kspace, mask, sens_maps, settings)
    optimizers: list[Optimizer] = [torch.optim.Adam(objective.weights, settings.learning_rate, fused=True)]
    if isinstance(objective.model, FreePhase):
        optimizers.append(SharedAdam([objective.model.turn], settings.phase_learning_rate))
    warming = [warm_up(one, settings) for one in optimizers]
    watch = Watch(settings.window, settings.iterate, settings.run_on, score, frozenset(score_at), progress)
    unread: list[tuple[Tensor, Tensor, Tensor]] = []
    for iteration in range(settings.max_iterations):
        minimised, *seen = objective()
        unread.append(tuple(seen))
        if to_read(iteration, settings, masked_kspace.device):
            if watch.stops(unread):
                break
            unread = []
        objective.zero_grad(set_to_none=True)
        minimised.backward()
        for optimizer, rate in zip(optimizers, warming, strict=True):
            optimizer.step()
            rate.step()
    return outcome(watch)


def warm_up(optimizer: Optimizer, settings: Settings) -> LambdaLR:
    """Raise the learning rate linearly over the first `settings.warmup` steps."""
    return LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / max(1, settings.warmup)))


def to_read(iteration: int, settings: Settings, device: torch.device) -> bool:
    """Whether to read, after this iteration, the errors of all iterations since the last reading."""
    every = READ_EVERY.get(device.type, READ_ELSEWHERE)
    return (iteration + 1) % every == 0 or iteration + 1 == settings.max_iterations


def outcome(watch: Watch) -> TTTRecord:
    """Result of a run that has ended."""
    end = len(watch.history.train_error) - 1
    stopped = end if watch.stopped is None else watch.stopped
    return TTTRecord(watch.image, watch.last, watch.history, stopped, watch.chosen, watch.reason)
