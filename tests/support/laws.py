"""Laws every linear operator obeys, checked in complex128 with seeded numbers."""

from collections.abc import Callable

import torch
from torch import Tensor

from mrilib.linop import LinearOperator

TOLERANCE = 1e-10


def randn(*shape: int, seed: int = 0, dtype: torch.dtype = torch.complex128) -> Tensor:
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


def dot(a: Tensor, b: Tensor) -> complex:
    """⟨a, b⟩; flattening would hide a wrong shape, so shapes are compared first."""
    assert a.shape == b.shape
    return complex((a.conj() * b).sum())


def assert_close(actual: Tensor, expected: Tensor, tolerance: float = TOLERANCE) -> None:
    assert actual.shape == expected.shape
    assert torch.linalg.vector_norm(actual - expected) <= tolerance * torch.linalg.vector_norm(expected)


def check_adjoint(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """⟨A u, v⟩ = ⟨u, Aᴴ v⟩, with A u shaped like v and Aᴴ v like u; and Aᴴᴴ = A."""
    u, v = randn(*domain, seed=1), randn(*codomain, seed=2)
    left, right = dot(A(u), v), dot(u, A.H(v))
    assert abs(left - right) <= TOLERANCE * abs(left)
    assert_close(A.H.H(u), A(u))
    assert_close(A.H.adjoint(u), A(u))


def check_linear(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """A(a u + v) = a A u + A v for complex a."""
    u, v, a = randn(*domain, seed=3), randn(*domain, seed=4), 0.3 - 1.7j
    assert_close(A(a * u + v), a * A(u) + A(v))


def check_gradient(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """∇ ½‖A x − y‖² = Aᴴ(A x − y), by autograd."""
    x, y = randn(*domain, seed=5).requires_grad_(), randn(*codomain, seed=6)
    (0.5 * (A(x) - y).abs().square().sum()).backward()
    assert x.grad is not None
    assert_close(x.grad, A.H(A(x) - y).detach())


def check_adjoint_gradient(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """∇ ½‖Aᴴ y − x‖² = A(Aᴴ y − x): autograd goes through the adjoint as well."""
    check_gradient(A.H, codomain, domain)


def check_normal(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """A.N = Aᴴ A, is its own adjoint, and ⟨u, A.N u⟩ = ‖A u‖² ≥ 0."""
    u = randn(*domain, seed=7)
    assert_close(A.N(u), A.H(A(u)))
    check_adjoint(A.N, domain, domain)
    assert abs(dot(u, A.N(u)) - dot(A(u), A(u)).real) <= TOLERANCE * abs(dot(A(u), A(u)))


def check_pseudo_inverse(A: LinearOperator, domain: tuple[int, ...], codomain: tuple[int, ...]) -> None:
    """A A⁺ A = A and A⁺ A A⁺ = A⁺."""
    y = A(randn(*domain, seed=8))
    x = A.pinv(y, iterations=200, tolerance=1e-12)
    assert_close(A(x), y)
    assert_close(A.pinv(A(x), iterations=200, tolerance=1e-12), x, 1e-8)


LAWS: list[Callable[[LinearOperator, tuple[int, ...], tuple[int, ...]], None]] = [
    check_adjoint,
    check_linear,
    check_gradient,
    check_adjoint_gradient,
    check_normal,
    check_pseudo_inverse,
]


def check_isometry(A: LinearOperator, domain: tuple[int, ...]) -> None:
    """‖A u‖ = ‖u‖ and Aᴴ A u = u."""
    u = randn(*domain, seed=9)
    assert_close(A.H(A(u)), u)
    assert abs(dot(A(u), A(u)) - dot(u, u)) <= TOLERANCE * abs(dot(u, u))
