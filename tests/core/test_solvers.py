import pytest
import torch
from laws import assert_close, randn
from torch import Tensor

from mrilib.solvers import conjugate_gradient, power_method


def hermitian(size: int, seed: int, dtype: torch.dtype = torch.complex128) -> Tensor:
    factor = randn(2, size, size, seed=seed, dtype=dtype)
    return factor @ factor.mH + torch.eye(size, dtype=dtype)


@pytest.mark.parametrize("dtype", [torch.complex128, torch.float64])
def test_conjugate_gradient_equals_a_direct_solve(dtype: torch.dtype) -> None:
    H, b = hermitian(6, 0, dtype), randn(2, 6, 1, seed=1, dtype=dtype)
    x = conjugate_gradient(lambda v: H @ v, b, iterations=50, tolerance=1e-13)
    assert_close(x, torch.linalg.solve(H, b))


def test_exact_after_as_many_steps_as_distinct_eigenvalues() -> None:
    diagonal = torch.tensor([1.0, 1, 5, 5, 9], dtype=torch.float64)
    b = randn(1, 5, dtype=torch.float64)
    assert_close(conjugate_gradient(lambda v: diagonal * v, b, iterations=3, tolerance=0), b / diagonal)


def test_batch_items_do_not_see_each_other() -> None:
    H, b = hermitian(8, 2), randn(2, 8, 1, seed=3)
    b[1] *= 1e6
    together = conjugate_gradient(lambda v: H @ v, b, iterations=4, tolerance=0)
    for i in range(2):
        alone = conjugate_gradient(lambda v, i=i: H[i : i + 1] @ v, b[i : i + 1], iterations=4, tolerance=0)
        assert_close(together[i : i + 1], alone)


def test_stops_at_the_tolerance_and_keeps_finished_items() -> None:
    H, b = hermitian(30, 4), randn(2, 30, 1, seed=5)
    b[0] = 0
    steps: list[int] = []
    x = conjugate_gradient(lambda v: H @ v, b, 500, 1e-3, callback=lambda i, x: steps.append(i))
    residual = torch.linalg.vector_norm(b - H @ x, dim=(1, 2))
    assert residual[1] <= 1.001e-3 * torch.linalg.vector_norm(b[1])
    assert not x[0].any()
    assert steps == list(range(len(steps)))
    assert 0 < len(steps) < 60


def test_singular_system_gives_the_solution_of_least_norm() -> None:
    A = randn(1, 4, 9, seed=6)
    y = randn(1, 4, 1, seed=7)
    x = conjugate_gradient(lambda v: A.mH @ (A @ v), A.mH @ y, iterations=100, tolerance=1e-14)
    assert_close(x, torch.linalg.pinv(A) @ y)


def test_gradient_flows_through_the_solver() -> None:
    H, b = hermitian(5, 8), randn(2, 5, 1, seed=9).requires_grad_()
    x = conjugate_gradient(lambda v: H @ v, b, iterations=5, tolerance=0)
    x.abs().square().sum().backward()
    assert b.grad is not None
    assert_close(b.grad, torch.linalg.solve(H, 2 * x.detach()), 1e-6)


def test_power_method_finds_the_largest_eigenpair_of_each_item() -> None:
    H = hermitian(5, 10)
    value, vector = power_method(lambda v: H @ v, randn(2, 5, 1, seed=11), iterations=3000)
    assert_close(value, torch.linalg.eigvalsh(H)[:, -1])
    assert_close(H @ vector, value[:, None, None] * vector, 1e-8)
    assert_close(torch.linalg.vector_norm(vector, dim=(1, 2)), torch.ones(2, dtype=torch.float64))


def test_power_method_of_zero_is_zero() -> None:
    value, vector = power_method(torch.zeros_like, randn(2, 3), iterations=4)
    assert not value.any()
    assert not vector.any()
