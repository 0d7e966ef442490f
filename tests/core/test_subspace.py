"""The subspace theory: every closed form against autograd, against repeated draws, and against gradient descent."""

import math
import re
from itertools import pairwise

import pytest
import torch

from mrilib.paper_a.provable_adaptation.trials import adapt, log_deviation_values, log_slope
from mrilib.subspace import (
    SubspaceModel,
    adapted_alpha,
    alpha_moments,
    best_alpha,
    break_even,
    denoise,
    excess_risk,
    expected_self_supervised_loss,
    leading_deviation,
    random_basis,
    risk,
    seeded,
    self_supervised_alpha,
    self_supervised_loss,
    shift_gap,
    split_energy,
    squared_error,
    turned,
)

N, D, SIGMA, VARSIGMA = 40, 8, 0.5, 1.1
U = random_basis(N, D, seeded(1))
V = random_basis(N, D, seeded(2))
P, Q = SubspaceModel(U, SIGMA), SubspaceModel(U, VARSIGMA)
KINDS = {
    "noise": Q,
    "scale": SubspaceModel(U, SIGMA, scale=0.6),
    "turned": SubspaceModel(turned(U, 35, seeded(3)), SIGMA),
    "inside": SubspaceModel(U, SIGMA, noise_inside=VARSIGMA),
    "inside alone": SubspaceModel(U, 0.0, noise_inside=VARSIGMA),
    "outside": SubspaceModel(U, VARSIGMA, noise_inside=SIGMA),
    "sphere": SubspaceModel(U, VARSIGMA, sphere=True),
    "foreign basis": SubspaceModel(V, VARSIGMA, noise_inside=0.2),
}
every_kind = pytest.mark.parametrize("model", KINDS.values(), ids=KINDS)


def number(value):
    return torch.tensor(float(value), dtype=torch.float64)


def deviations_off(values, expected):
    """How many standard errors the mean of `values` lies from `expected`."""
    return float((values.mean() - expected).abs() / (values.std() / math.sqrt(len(values))))


@every_kind
def test_risk_and_expected_loss_are_the_means_over_draws(model, generator):
    x, y = model.sample(4000, generator)
    for alpha in (0.3, 0.9):
        assert deviations_off(squared_error(alpha, U, x, y), risk(alpha, U, model)) < 4.5
        assert deviations_off(self_supervised_loss(alpha, U, y), expected_self_supervised_loss(alpha, U, model)) < 4.5


@every_kind
def test_both_minimisers_are_where_autograd_says(model):
    for loss, alpha in (
        (risk, best_alpha(U, model)),
        (expected_self_supervised_loss, self_supervised_alpha(U, model)),
    ):
        at = alpha.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(at, U, model), at)
        assert abs(float(slope)) < 1e-10


def test_the_supervised_risk_is_least_at_u_and_one_over_one_plus_sigma_squared():
    """Proposition F.1: at the values it names, and nowhere near is it less."""
    assert float(best_alpha(U, P)) == pytest.approx(1 / (1 + SIGMA**2), abs=1e-14)
    least = float(risk(1 / (1 + SIGMA**2), U, P))
    assert least == pytest.approx(D * SIGMA**2 / (1 + SIGMA**2))
    for degrees in (0, 0.5, 20):
        basis = turned(U, degrees, seeded(5))
        for alpha in (0.5, 0.79, 0.81, 1.0):
            assert float(risk(alpha, basis, P)) > least


def test_the_risk_does_not_depend_on_the_choice_of_basis():
    rotation = random_basis(D + 1, D, seeded(4))[:D]
    rotation = torch.linalg.qr(rotation).Q
    assert float(risk(0.7, U @ rotation, P)) == pytest.approx(float(risk(0.7, U, P)))


def test_regression_on_draws_finds_the_estimator_of_the_proof(generator):
    """min over all W of Σ‖x − W y‖² tends to U Uᵀ/(1 + σ²): four times the draws, half the distance."""
    W = U @ U.T / (1 + SIGMA**2)
    distances = []
    for count in (2000, 8000):
        x, y = P.sample(count, generator)
        distances.append(float((torch.linalg.lstsq(y, x).solution.T - W).norm()))
    assert distances[0] / distances[1] == pytest.approx(2, rel=0.1)
    assert distances[1] < 0.3


def test_the_expected_loss_is_the_risk_and_a_constant():
    """Proposition F.2: E L_SS(α) = ς² n + (1 − α)² d + α² ς² d, least at 1/(1 + ς²)."""
    alphas = torch.linspace(0, 1, 7, dtype=torch.float64)
    difference = expected_self_supervised_loss(alphas, U, Q) - risk(alphas, U, Q)
    torch.testing.assert_close(difference, torch.full_like(alphas, VARSIGMA**2 * N))
    assert float(self_supervised_alpha(U, Q)) == pytest.approx(1 / (1 + VARSIGMA**2), abs=1e-14)


def test_the_loss_of_one_measurement_is_the_formula_of_the_paper(generator):
    y = Q.sample(3, generator)[1]
    residual = y - y @ U @ U.T
    expected = (y - 0.4 * y @ U @ U.T).square().sum(-1) + 2 * 0.4 * D / (N - D) * residual.square().sum(-1)
    torch.testing.assert_close(self_supervised_loss(0.4, U, y), expected)
    torch.testing.assert_close(sum(split_energy(y, U)), y.square().sum(-1))


def test_alpha_after_ttt_is_the_minimiser_for_each_measurement(generator):
    y = Q.sample(4, generator)[1]
    alpha = adapted_alpha(y, U)
    assert (alpha <= 1).all()
    for shift in (-1e-3, 1e-3):
        assert (self_supervised_loss(alpha + shift, U, y) > self_supervised_loss(alpha, U, y)).all()
    path = adapt(y, y, number(0.8), U, rate=0.1, steps=100)
    torch.testing.assert_close(path.alphas[-1], alpha)
    torch.testing.assert_close(path.alphas[1] - alpha, 0.8 * (path.alphas[0] - alpha))
    assert path.losses.shape == path.watched.shape == (101, 4)
    assert torch.equal(path.basis, U)
    assert (path.losses.diff(dim=0) <= 1e-14).all(), "a convex loss falls at every step"


def test_the_leading_order_is_the_limit_of_the_exact_deviation():
    ratios = [alpha_moments(4 * d, d, 1.0)[1] / leading_deviation(4 * d, d, 1.0) for d in (16, 256, 4096)]
    assert all(a > b for a, b in pairwise(ratios))
    assert ratios[-1] == pytest.approx(1, abs=2e-3)
    floor = [leading_deviation(n, 16, 1.0) for n in (1e3, 1e9)]
    assert floor[1] == pytest.approx(0.5 * math.sqrt(2 / 16)), "d fixed: more measurements do not help"


def test_what_ttt_on_one_measurement_loses_is_exact(generator):
    model = SubspaceModel(random_basis(60, 20, generator), 0.9)
    x, y = model.sample(5000, generator)
    best = best_alpha(model.basis, model)
    lost = squared_error(adapted_alpha(y, model.basis), model.basis, x, y) - squared_error(best, model.basis, x, y)
    assert deviations_off(lost, excess_risk(60, 20, 0.9)) < 4.5


def test_ttt_breaks_even_where_the_gap_is_what_it_loses():
    model = SubspaceModel(U, SIGMA)
    low, high = break_even(400, 80, SIGMA)
    assert low < SIGMA < high
    for noise in (low, high):
        tested = SubspaceModel(U, noise)
        gap = risk(best_alpha(U, model), U, tested) - risk(best_alpha(U, tested), U, tested)
        assert float(gap) / D == pytest.approx(excess_risk(400, 80, noise) / 80)
        assert float(gap) == pytest.approx(shift_gap(D, SIGMA, noise))
    assert break_even(40, 8, 2.0)[1] == math.inf


def test_the_loss_follows_scale_but_not_a_turn_or_coloured_noise():
    off = {name: float(self_supervised_alpha(U, model) - best_alpha(U, model)) for name, model in KINDS.items()}
    assert off["noise"] == pytest.approx(0, abs=1e-12)
    assert off["scale"] == pytest.approx(0, abs=1e-12)
    assert off["sphere"] == pytest.approx(0, abs=1e-12)
    assert off["inside"] == pytest.approx((VARSIGMA**2 - SIGMA**2) / (1 + VARSIGMA**2))
    assert off["outside"] == pytest.approx((SIGMA**2 - VARSIGMA**2) / (1 + SIGMA**2))
    away = D * math.sin(math.radians(35)) ** 2
    assert off["turned"] == pytest.approx(-D / (N - D) * away / (D - away + D * SIGMA**2))


def test_turning_gives_equal_principal_angles(generator):
    basis = turned(U, 30, generator)
    angles = torch.linalg.svdvals(U.T @ basis)
    torch.testing.assert_close(angles, torch.full_like(angles, math.cos(math.pi / 6)))


def test_noise_and_signal_have_the_energy_they_should(generator):
    x, y = SubspaceModel(U, 0.0, scale=2.0, sphere=True).sample(5, generator)
    torch.testing.assert_close(x.square().sum(-1), torch.full((5,), 4.0 * D, dtype=torch.float64))
    assert torch.equal(x, y)
    torch.testing.assert_close(denoise(1.0, U, y), x)
    assert Q.sample(2, generator)[1].dtype == torch.float64


@pytest.mark.parametrize(
    ("act", "message"),
    [
        (
            lambda: random_basis(8, 8, torch.Generator()),
            "d: expected a subspace of 1 ≤ d < n dimensions, got n = 8, d = 8",
        ),
        (lambda: random_basis(8, 0, torch.Generator()), "d: expected"),
        (lambda: SubspaceModel(torch.eye(4, dtype=torch.float64), 1.0), "d: expected"),
        (lambda: SubspaceModel(2 * U, 1.0), "basis: expected orthonormal columns"),
        (lambda: SubspaceModel(U * math.nan, 1.0), "basis: expected orthonormal columns"),
        (lambda: SubspaceModel(U[:, 0], 1.0), "basis: expected a real matrix"),
        (lambda: SubspaceModel(U, -0.1), "noise: expected a standard deviation, finite and not negative, got -0.1"),
        (lambda: SubspaceModel(U, math.nan), "noise: expected"),
        (lambda: SubspaceModel(U, 1.0, noise_inside=math.inf), "noise_inside: expected"),
        (lambda: SubspaceModel(U, 1.0, scale=0.0), "scale: expected"),
        (lambda: risk(0.5, 2 * V, P), "V: expected orthonormal columns"),
        (lambda: risk(0.5, V[:, :3], P), "V: expected the shape of the model's basis"),
        (lambda: self_supervised_loss(0.5, U, torch.zeros(3)), "y: expected finite measurements"),
        (lambda: adapted_alpha(torch.full((N,), math.nan, dtype=torch.float64), U), "y: expected finite"),
        (lambda: adapted_alpha(torch.zeros(N, dtype=torch.float64), U), "y: has no energy"),
        (lambda: turned(random_basis(8, 5, torch.Generator()), 10, torch.Generator()), "turning needs 2 d ≤ n"),
        (lambda: alpha_moments(20, 4, 1.0), "5 ≤ d < n"),
        (lambda: excess_risk(20, 2, 1.0), "3 ≤ d < n"),
        (lambda: log_slope([4, 4], torch.zeros(2)), "sizes: expected 2 sizes that differ"),
        (lambda: log_deviation_values(torch.ones(5)), "samples: all are equal"),
    ],
)
def test_bad_input_is_named(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()
