"""Numerical tests of the subspace theory: gradient descent on its losses, and repeated draws with their rates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mrilib.subspace import (
    SubspaceModel,
    adapted_alpha,
    best_alpha,
    random_basis,
    residual_alpha,
    self_supervised_loss,
    split_energy,
    squared_error,
)

Loss = Callable[[Tensor, Tensor], Tensor]
CHUNK = 500  # measurements drawn at a time


@dataclass(frozen=True)
class Descent:
    """Trajectory of gradient descent: α, loss and the watched quantity, each (steps + 1, …), and the last V."""

    alphas: Tensor
    losses: Tensor
    watched: Tensor
    basis: Tensor


def descend(loss: Loss, alpha: Tensor, V: Tensor, watch: Loss, *, rate: float, steps: int, tune_basis: bool) -> Descent:
    """Gradient descent (α, W) ← (α − r ∇_α loss, W − r d ∇_W loss), with V the Q factor of W, hence orthonormal.

    Args:
        loss: (α, V) → (…), one loss for each α.
        alpha: initial value, (…).
        V: initial value, (n, d) orthonormal.
        watch: (α, V) → (…), recorded before each step and at the end, never used.
        rate: step size r > 0 for a loss of order 1; each of V's d columns follows only its share, hence r d.
        tune_basis: whether V is updated too; then every α must belong to the same problem.

    Raises:
        ValueError: the loss is not finite, because the rate is too large.

    Source: paper A, eq. 3 (training α and V) and §6 (TTT: α alone).
    """
    alpha, W = alpha.clone().requires_grad_(), V.clone().requires_grad_(tune_basis)
    rates = {alpha: rate, W: rate * V.shape[1]} if tune_basis else {alpha: rate}
    noted = []
    for step in range(steps + 1):
        basis = torch.linalg.qr(W).Q if tune_basis else W
        value = loss(alpha, basis)
        if not value.isfinite().all():
            raise ValueError(f"rate: {rate} is too large; the loss is not finite after {step} steps")
        noted.append([each.detach().clone() for each in (alpha, value, watch(alpha, basis))])
        if step < steps:
            gradients = torch.autograd.grad(value.sum(), list(rates))
            with torch.no_grad():
                for (parameter, step_size), gradient in zip(rates.items(), gradients, strict=True):
                    parameter -= step_size * gradient
    alphas, losses, watched = (torch.stack(column) for column in zip(*noted, strict=True))
    return Descent(alphas, losses, watched, basis.detach())


def train(
    loss: Callable[[Tensor, Tensor, SubspaceModel], Tensor],
    model: SubspaceModel,
    alpha: Tensor,
    V: Tensor,
    *,
    rate: float,
    steps: int,
) -> Descent:
    """Train α and V on loss(α, V, model)/d, a population loss (`risk` is paper A's eq. 3); watched: ‖VᵀU‖²/d."""
    d = V.shape[1]
    return descend(
        lambda a, basis: loss(a, basis, model) / d,
        alpha,
        V,
        lambda a, basis: (basis.T @ model.basis).square().sum() / d,
        rate=rate,
        steps=steps,
        tune_basis=True,
    )


def adapt(
    x: Tensor, y: Tensor, alpha: Tensor, V: Tensor, *, rate: float, steps: int, tune_basis: bool = False
) -> Descent:
    """TTT by gradient descent on L_SS(α, V, y) for each y (…, n) separately; watched, never used: ‖x − α V Vᵀ y‖²/d.

    The loss is divided by the initial ‖Vᵀy‖², so that each step moves α by 2 · rate times its distance to the optimum.
    Paper A, §6 keeps V fixed; `tune_basis` updates it too, for a single y.
    """
    energy, start = split_energy(y, V)[0], alpha.expand(y.shape[:-1])
    return descend(
        lambda a, basis: self_supervised_loss(a, basis, y) / energy,
        start,
        V,
        lambda a, basis: squared_error(a, basis, x, y) / V.shape[1],
        rate=rate,
        steps=steps,
        tune_basis=tune_basis,
    )


def shift_errors(P: SubspaceModel, Q: SubspaceModel, count: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Squared errors per dimension (count,) on the same draws of Q: trained on P, trained on P + TTT, trained on Q.

    After TTT, α is clipped to [0, 1] as in paper A. The estimator trained on Q uses the basis of Q.
    """
    x, y = Q.sample(count, generator)
    estimators = {
        "trained on P": (best_alpha(P.basis, P), P.basis),
        "trained on P + TTT": (adapted_alpha(y, P.basis).clamp(0, 1), P.basis),
        "trained on Q": (best_alpha(Q.basis, Q), Q.basis),
    }
    d = P.basis.shape[1]
    return {name: squared_error(alpha, V, x, y) / d for name, (alpha, V) in estimators.items()}


def shared_errors(model: SubspaceModel, shared: Tensor, count: int, generator: torch.Generator) -> dict[str, Tensor]:
    """Squared errors per dimension (count,) of four estimators on the same draws, with V = U.

    These are the best α for `model`, the α `shared` with another distribution, α(y) from the residual, and TTT.
    Source: paper B, §3.
    """
    V = model.basis
    x, y = model.sample(count, generator)
    alphas = {
        "best linear for this one": best_alpha(V, model),
        "one linear for both": shared,
        "non-linear, α(y) from the residual": residual_alpha(y, V),
        "non-linear, TTT": adapted_alpha(y, V).clamp(0, 1),
    }
    return {name: squared_error(alpha, V, x, y) / V.shape[1] for name, alpha in alphas.items()}


def repeated_alphas(model: SubspaceModel, count: int, generator: torch.Generator) -> Tensor:
    """α̂ after TTT on each of `count` measurements of `model`, V = U: (count,)."""
    sizes = [min(CHUNK, count - start) for start in range(0, count, CHUNK)]
    return torch.cat([adapted_alpha(model.sample(size, generator)[1], model.basis) for size in sizes])


def log_deviations(shapes: Sequence[tuple[int, int]], noise: float, count: int, generator: torch.Generator) -> Tensor:
    """`log_deviation_values` of α̂ over `count` measurements for each (n, d) of `shapes`: (shapes, count)."""
    models = (SubspaceModel(random_basis(n, d, generator), noise) for n, d in shapes)
    return log_deviation_values(torch.stack([repeated_alphas(model, count, generator) for model in models]))


def minimiser_values(y: Tensor, V: Tensor) -> Tensor:
    """One value per measurement (count, n) → (count,), whose mean is the α that minimises their mean L_SS.

    α = 1 − d/(n − d) b̄/ā has influence −d/(n − d) (b − a b̄/ā)/ā at each y, a = ‖Vᵀy‖², b = ‖(I − V Vᵀ) y‖².
    An interval of the mean is then an interval for α. Source: paper A, Prop. F.2; Efron, Tibshirani, 1993, ch. 21.
    """
    n, d = V.shape
    inside, outside = split_energy(y, V)
    ratio = outside.mean() / inside.mean()
    return 1 - d / (n - d) * (ratio + (outside - ratio * inside) / inside.mean())


def log_deviation_values(samples: Tensor) -> Tensor:
    """One value per sample (…, count), whose mean is the logarithm of their standard deviation: log s + (r²/s² − 1)/2.

    Raises ValueError if all samples are equal.
    """
    square = (samples - samples.mean(-1, keepdim=True)).square()
    variance = square.mean(-1, keepdim=True)
    if (variance == 0).any():
        raise ValueError("samples: all are equal, so their standard deviation has no logarithm")
    return 0.5 * variance.log() + 0.5 * (square / variance - 1)


def log_slope(sizes: Sequence[int], logs: Tensor) -> Tensor:
    """Least-squares slope of `logs` (sizes, …) over log(size) → (…); −1/2 if a standard deviation falls as 1/√size.

    Raises ValueError for fewer than two different sizes.
    """
    x = torch.tensor(sizes, dtype=logs.dtype).log()
    x = x - x.mean()
    if len(sizes) != len(logs) or not (x != 0).any():
        raise ValueError(f"sizes: expected {len(logs)} sizes that differ, got {list(sizes)}")
    return (x / x.square().sum()) @ logs
