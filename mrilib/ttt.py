"""Test-time training: fine-tune a copy of the network on the single measurement to be reconstructed."""

import copy
import math
import warnings
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from mrilib.coils import estimate_sens_maps
from mrilib.linop import LinearOperator, check_slice, sense
from mrilib.losses import Norm, l1_norm, moduli
from mrilib.models.free_phase import FreePhase, SharedAdam
from mrilib.models.reconstructor import Fidelity, Reconstructor
from mrilib.sampling import calibration_width, center_block, split_mask

Score = Callable[[Tensor], float]
Progress = Callable[[int, float, float], None]
Unit = Literal["pixels", "lines"]
Precision = Literal["float32", "bfloat16"]


@dataclass
class History:
    """One entry per iteration; `score` only at the requested iterations."""

    train_error: list[float] = field(default_factory=list)
    validation_error: list[float] = field(default_factory=list)
    score: dict[int, float] = field(default_factory=dict)


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
    iterate: Literal["best", "last"] = "best"
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
            ("iterate", ("best", "last")),
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


# Ours; chosen on validation slices and on one real brain, for networks as small as those that ship.
FREE_PHASE = Settings(4e-3, max_iterations=120, window=30, phase="free", warmup=20)


def rises(errors: list[float], window: int) -> bool:
    """Published stopping rule: stop when the mean of the last w errors exceeds that of the w before.

    It applies once the iteration, counted from 0, exceeds 3w, i.e. from iteration 301 for w = 100.

    Reference: the repository of Darestani, Liu, Heckel, ICML 2022 (windows of 20 or 100 iterations).
    """
    if len(errors) - 1 <= 3 * window:
        return False
    recent, before = errors[-window:], errors[-2 * window : -window]
    return sum(recent) > sum(before)


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
    everything: LinearOperator
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
        ValueError: more than one slice, a mask or maps of another shape, a frozen network, a hold-out that leaves
            nothing to train or validate on, or a loss that is not finite before the first step.

    Reference: Darestani, Liu, Heckel, ICML 2022, §4; windows and hold-out from its published code.
    """
    check_slice(masked_kspace, mask, sens_maps)
    if torch.is_inference_mode_enabled():
        raise ValueError("test-time training needs gradients: leave torch.inference_mode, or use torch.no_grad")
    settings = settings or Settings()
    given = _split(masked_kspace, mask, sens_maps, settings)
    model = copy.deepcopy(model).train()
    tuned = [one for one in model.parameters() if one.requires_grad]
    if not tuned:
        raise ValueError("model: no parameter requires a gradient; model.requires_grad_(True) makes all trainable")
    optimizers: list[Optimizer] = [torch.optim.Adam(tuned, settings.learning_rate, fused=True)]
    if settings.phase == "free":
        model = FreePhase(model, given.network_kspace, given.network_operator, calibration_width(mask))
        optimizers.append(SharedAdam([model.turn], settings.phase_learning_rate))
    warming = [LambdaLR(one, lambda step: min(1.0, (step + 1) / max(1, settings.warmup))) for one in optimizers]
    initial = model.initial(given.network_kspace, given.network_operator)
    history, chosen, stopped, reason = History(), 0, None, "max_iterations was reached"
    image = last = torch.zeros_like(initial)
    wanted = frozenset(score_at)
    for iteration in range(settings.max_iterations):
        with torch.autocast(masked_kspace.device.type, torch.bfloat16, enabled=settings.precision == "bfloat16"):
            estimate = model(given.network_kspace, given.network_operator, initial)
        loss, validation = _errors(estimate, given, settings.norm)
        if not math.isfinite(loss.item()) or not math.isfinite(validation):
            if iteration == 0:
                raise ValueError("the loss is not finite before the first step: masked_kspace or the weights hold NaN")
            diverged = f"diverged at iteration {iteration}: the loss is not finite; the best image so far is returned"
            reason = diverged if stopped is None else reason
            warnings.warn(f"test-time training {diverged}", RuntimeWarning, stacklevel=2)
            break
        last = estimate.detach()
        best = validation < min(history.validation_error, default=math.inf)
        if stopped is None and (best or settings.iterate == "last"):
            image, chosen = last, iteration
        history.train_error.append(loss.item())
        history.validation_error.append(validation)
        if score is not None and iteration in wanted:
            history.score[iteration] = score(last)
        if progress is not None:
            progress(iteration, loss.item(), validation)
        if stopped is None and rises(history.validation_error, settings.window):
            stopped, reason = iteration, "the self-validation error rose"
            if not settings.run_on:
                break
        if isinstance(model, FreePhase):
            loss = loss + settings.phase_weight * model.variation(estimate)
        model.zero_grad(set_to_none=True)
        loss.backward()
        for optimizer, rate in zip(optimizers, warming, strict=True):
            optimizer.step()
            rate.step()
    end = len(history.train_error) - 1
    return TTTRecord(image, last, history, end if stopped is None else stopped, chosen, reason)


def _errors(estimate: Tensor, given: _Measurement, norm: Norm) -> tuple[Tensor, float]:
    """`normalized_l1` on the training part, and its value on the held-out part, from one application of A.

    Both parts share the moduli of A x − y: for a mask m, ‖m z‖₁ is the sum of m |z|.
    """
    y, train, held_out = given.compact
    predicted = given.everything(estimate).index_select(-1, given.columns)
    error = moduli(predicted - y, norm)
    loss = (error * train).sum() / given.sizes[0]
    return loss, ((error.detach() * held_out).sum() / given.sizes[1]).item()
