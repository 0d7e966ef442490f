"""Iterative solvers on callables; the first axis is the batch and every item has its own step sizes."""

from collections.abc import Callable

import torch
from torch import Tensor

Operator = Callable[[Tensor], Tensor]


def inner(a: Tensor, b: Tensor) -> Tensor:
    """Real part of ⟨a, b⟩ for each batch item; (batch, 1, …, 1), so that it broadcasts."""
    products = a.real * b.real + a.imag * b.imag if a.is_complex() else a * b
    return products.flatten(1).sum(1).view(-1, *[1] * (a.ndim - 1))


def conjugate_gradient(
    operator: Operator,
    rhs: Tensor,
    iterations: int = 30,
    tolerance: float = 1e-6,
    callback: Callable[[int, Tensor], None] | None = None,
) -> Tensor:
    """Solve H x = b for a Hermitian positive semi-definite H, from x = 0.

    Stops when ‖b − H x‖ ≤ tolerance · ‖b‖ for every batch item; converged items are left unchanged.
    If H is singular and b lies in its range, the result converges to the minimum-norm solution.

    Args:
        operator: x ↦ H x; acts on each batch item independently.
        rhs: b, (batch, …) real or complex.
        iterations: maximum number of steps.
        tolerance: relative residual at which an item has converged.
        callback: called as callback(iteration, x) after each step.

    Returns:
        x, same shape as b.

    Reference: Hestenes, Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, 1952.
    """
    x, residual, direction = torch.zeros_like(rhs), rhs, rhs
    energy = inner(residual, residual)
    target = energy * tolerance**2
    for iteration in range(iterations):
        active = energy > target
        if not active.any():
            break
        image = operator(direction)
        step = _ratio(energy, inner(direction, image), active)
        x = x + step * direction
        residual = residual - step * image
        previous, energy = energy, inner(residual, residual)
        direction = residual + _ratio(energy, previous, active) * direction
        if callback is not None:
            callback(iteration, x)
    return x


def power_method(operator: Operator, start: Tensor, iterations: int = 30) -> tuple[Tensor, Tensor]:
    """Largest eigenvalue of a Hermitian positive semi-definite operator and its unit eigenvector.

    v ← H v / ‖H v‖, for each batch item.

    Args:
        operator: v ↦ H v; acts on each batch item independently.
        start: initial v, (batch, …); must not be orthogonal to the eigenvector sought.
        iterations: number of steps.

    Returns:
        eigenvalues (batch,) and eigenvectors (batch, …).
    """
    vector = start
    norm = inner(start, start).sqrt()
    for _ in range(iterations):
        vector = operator(_ratio(vector, norm, norm > 0))
        norm = inner(vector, vector).sqrt()
    return norm.flatten(), _ratio(vector, norm, norm > 0)


def _ratio(a: Tensor, b: Tensor, where: Tensor) -> Tensor:
    """Compute a / b where `where` holds and b ≠ 0, else 0; b itself is guarded, so that gradients stay finite, too."""
    usable = where & (b != 0)
    return torch.where(usable, a, 0) / torch.where(usable, b, 1)
