"""Test-time training: fine-tune a copy of the network on the single measurement to be reconstructed."""

import copy
import math
from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mrilib.coils import estimate_sens_maps
from mrilib.linop import LinearOperator, Sense, sense
from mrilib.losses import Norm, l1_norm, moduli
from mrilib.models.free_phase import FreePhase, SharedAdam
from mrilib.models.reconstructor import Fidelity, Reconstructor
from mrilib.sampling import calibration_width, center_block, split_mask
from mrilib.stopping import History, Iterate, Progress, Score, Watch

Unit = Literal["pixels", "lines"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class TTTRecord:
    """Result of test-time training on one slice.

    `image` is the reconstruction, (1, 1, y, x) complex; `stopped_at` is the iteration at which the rule stopped and
    `chosen_at` the one that `image` comes from; `last_image` is the image of the last iteration computed.
    """

    image: Tensor
    last_image: Tensor
    history: History
    stopped_at: int
    chosen_at: int
    reason: str


LATER = (
    "phase",
    "warmup",
    "phase_learning_rate",
    "phase_weight",
    "precision",
)  # added when results were stored without them


@dataclass(frozen=True)
class Settings:
    """Settings of test-time training; the defaults are paper A's for the U-Net (§4, §5; windows from its code).

    Args:
        learning_rate: learning rate of Adam (paper A: 1e-5 for the U-Net, 1e-4 for VarNet).
        max_iterations: maximum number of steps.
        window: w of the stopping rule `rises` (published code: 20 or 100, by shift).
        holdout: fraction of measurements held out for self-validation; of those outside the calibration region (ACS),
            or of all with fidelity "code".
        unit: hold out single k-space pixels (published code) or whole phase-encoding lines.
        iterate: return the image with the lowest self-validation error, or the last one (published code).
        fidelity: "code" leaves the held-out measurements in the network's input, as published.
        norm: norm of complex numbers in the ℓ1 loss, see `losses.moduli`.
        seed: seed for the hold-out split.
        run_on: continue to `max_iterations` after the stopping point, to show what early stopping prevents.
        phase: "network" tunes the network alone (paper A); "free" takes the magnitude from the network and tunes a
            phase of its own beside it, see `FreePhase`.
        warmup: number of first steps over which the learning rates rise linearly (paper A: none).
        phase_learning_rate: learning rate of the free phase, in radians.
        phase_weight: weight of its total variation in the loss.
        precision: "bfloat16" convolves in bfloat16, twice as fast on processors that compute it; physics, loss and
            weights stay in float32.
    """

    learning_rate: float = 1e-5
    max_iterations: int = 2500
    window: int = 100
    holdout: float = 0.05
    unit: Unit = "pixels"
    iterate: Iterate = "best"
    fidelity: Fidelity = "paper"
    norm: Norm = "modulus"
    seed: int = 0
    run_on: bool = False
    phase: Literal["network", "free"] = "network"
    warmup: int = 0
    phase_learning_rate: float = 4e-2
    phase_weight: float = 0.3
    precision: Precision = "float32"

    def __post_init__(self) -> None:
        for name, allowed in (
            ("unit", ("pixels", "lines")),
            ("iterate", get_args(Iterate)),
            ("fidelity", ("paper", "code")),
            ("norm", ("modulus", "real_view")),
            ("phase", ("network", "free")),
            ("precision", get_args(Precision)),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} {getattr(self, name)!r}: expected {' or '.join(allowed)}")
        if self.max_iterations < 1 or self.window < 1 or not 0 < self.learning_rate < math.inf:
            raise ValueError("max_iterations, window and learning_rate must be positive")
        if not 0 < self.holdout < 1:
            raise ValueError(f"holdout must lie between 0 and 1, got {self.holdout}")
        if self.warmup < 0 or not (0 < self.phase_learning_rate < math.inf and 0 <= self.phase_weight < math.inf):
            raise ValueError("warmup and phase_weight must not be negative, phase_learning_rate must be positive")

    @property
    def card(self) -> dict[str, Any]:
        """The settings as JSON values, without those of LATER that have their default."""
        later = {one.name: one.default for one in fields(self) if one.name in LATER}
        return {name: value for name, value in asdict(self).items() if name not in later or value != later[name]}

    def running_on(self) -> "Settings":
        """Copy that continues past the stopping point."""
        return replace(self, run_on=True)


READ_EVERY = {"cpu": 1}  # iterations between two readings of the errors, which wait for an accelerator
READ_ELSEWHERE = 10

# Ours; chosen on validation slices and on one real brain, for networks as small as those that ship.
FREE_PHASE = Settings(4e-3, max_iterations=120, window=30, phase="free", warmup=20)


@dataclass(frozen=True)
class _Measurement:
    """Data of one slice for training and self-validation.

    `compact` holds y and the training and validation masks at the sampled `columns` only; the others, three
    quarters of k-space, do not contribute to the loss. `sizes` are ‖y‖₁ of both parts.
    """

    train: Tensor
    validation: Tensor
    columns: Tensor
    compact: tuple[Tensor, Tensor, Tensor]
    sizes: tuple[float, float]
    everything: Sense
    network_kspace: Tensor
    network_operator: LinearOperator


def held_out(mask: Tensor, readout: int, settings: Settings) -> Tensor:
    """Draw the measurements for self-validation, (1, 1, ky, kx) bool, or (1, 1, 1, kx) for whole lines.

    Args:
        mask: (1, 1, 1 or ky, kx) bool.
        readout: number ky of rows.
        settings: fraction, unit and seed.
    """
    candidates = mask.clone()
    if settings.fidelity == "paper":  # the coil maps come from the calibration lines, so these cannot be held out
        candidates[..., center_block(mask.shape[-1], calibration_width(mask))] = False
    return split_mask(candidates, settings.holdout, settings.seed, settings.unit, readout=readout)[1]


def _split(masked_kspace: Tensor, mask: Tensor, sens_maps: Tensor | None, settings: Settings) -> _Measurement:
    """Hold out a fraction of the measurements for self-validation.

    `paper` excludes them from the loss, the network's input and the coil maps; `code`, as in the published code,
    from the loss alone.
    """
    lines = calibration_width(mask)
    validation = held_out(mask, masked_kspace.shape[-2], settings)
    train = mask & ~validation
    if sens_maps is None:
        sens_maps = estimate_sens_maps(masked_kspace, lines)
    seen = mask if settings.fidelity == "code" else train
    columns = mask.flatten(0, -2).any(0).nonzero().flatten()
    y, *parts = compact = (masked_kspace[..., columns], train[..., columns], validation[..., columns])
    sizes = (l1_norm(y * parts[0], settings.norm).item(), l1_norm(y * parts[1], settings.norm).item())
    return _Measurement(
        train, validation, columns, compact, sizes, sense(mask, sens_maps), masked_kspace * seen, sense(seen, sens_maps)
    )


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
        ValueError: more than one slice, a hold-out that leaves nothing to train or validate on, or a loss that is
            not finite before the first step.

    Reference: Darestani, Liu, Heckel, ICML 2022, §4; windows and hold-out from its published code.
    """
    if masked_kspace.shape[0] != 1:
        raise ValueError(f"masked_kspace: test-time training takes one slice, got {masked_kspace.shape[0]}")
    settings = settings or Settings()
    given = _split(masked_kspace, mask, sens_maps, settings)
    model = copy.deepcopy(model).train()
    tuned = [one for one in model.parameters() if one.requires_grad]
    optimizers: list[Optimizer] = [torch.optim.Adam(tuned, settings.learning_rate, fused=True)]
    if settings.phase == "free":
        model = FreePhase(model, given.network_kspace, given.network_operator, calibration_width(mask))
        optimizers.append(SharedAdam([model.turn], settings.phase_learning_rate))
    warming = [LambdaLR(one, lambda step: min(1.0, (step + 1) / max(1, settings.warmup))) for one in optimizers]
    initial = model.initial(given.network_kspace, given.network_operator)
    watch = Watch(settings.window, settings.iterate, settings.run_on, score, frozenset(score_at), progress)
    every = READ_EVERY.get(masked_kspace.device.type, READ_ELSEWHERE)
    unread: list[tuple[Tensor, Tensor, Tensor]] = []
    for iteration in range(settings.max_iterations):
        with _precision(settings, masked_kspace.device):
            estimate = model(given.network_kspace, given.network_operator, initial)
        loss, validation = _errors(estimate, given, settings.norm)
        unread.append((loss.detach(), validation, estimate.detach()))
        if (iteration + 1) % every == 0 or iteration + 1 == settings.max_iterations:
            if watch.stops(unread):
                break
            unread = []
        if isinstance(model, FreePhase):
            loss = loss + settings.phase_weight * model.variation(estimate)
        model.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer, rate in zip(optimizers, warming, strict=True):
            optimizer.step()
            rate.step()
    end = len(watch.history.train_error) - 1
    stopped = end if watch.stopped is None else watch.stopped
    return TTTRecord(watch.image, watch.last, watch.history, stopped, watch.chosen, watch.reason)


def _precision(settings: Settings, device: torch.device) -> AbstractContextManager[object]:
    return torch.autocast(device.type, torch.bfloat16) if settings.precision == "bfloat16" else nullcontext()


def _errors(estimate: Tensor, given: _Measurement, norm: Norm) -> tuple[Tensor, Tensor]:
    """`normalized_l1` on the training part, and its value on the held-out part, from one application of A.

    Both parts share the moduli of A x − y: for a mask m, ‖m z‖₁ is the sum of m |z|.
    """
    y, train, held_out = given.compact
    predicted = given.everything.at_columns(estimate, given.columns)
    error = moduli(predicted - y, norm)
    loss = (error * train).sum() / given.sizes[0]
    return loss, (error.detach() * held_out).sum() / given.sizes[1]
