"""The subspace theory on trial: gradient descent, repeated draws, and the rates measured on them."""

import math

import numpy as np
import pytest
import torch

from mrilib.paper_a.provable_adaptation.report import slope_rows
from mrilib.paper_a.provable_adaptation.trials import (
    adapt,
    descend,
    log_deviation_values,
    log_deviations,
    log_slope,
    minimiser_values,
    repeated_alphas,
    shared_errors,
    shift_errors,
    train,
)
from mrilib.subspace import (
    SubspaceModel,
    alpha_moments,
    best_alpha,
    expected_self_supervised_loss,
    random_basis,
    risk,
    seeded,
    split_energy,
    turned,
)

N, D, SIGMA, VARSIGMA = 40, 8, 0.5, 1.1
U, V = (random_basis(N, D, seeded(seed)) for seed in (1, 2))
P, Q = SubspaceModel(U, SIGMA), SubspaceModel(U, VARSIGMA)


def number(value):
    return torch.tensor(float(value), dtype=torch.float64)


def deviations_off(values, expected):
    """How many standard errors the mean of `values` lies from `expected`."""
    return float((values.mean() - expected).abs() / (values.std() / math.sqrt(len(values))))


@pytest.mark.parametrize("loss", [risk, expected_self_supervised_loss], ids=["supervised", "self-supervised"])
def test_gradient_descent_finds_alpha_and_the_subspace(loss):
    path = train(loss, P, number(0.5), V, rate=0.2, steps=120)
    assert float(path.alphas[-1]) == pytest.approx(1 / (1 + SIGMA**2), abs=1e-4)
    assert float(path.watched[0]) < 0.5
    assert float(path.watched[-1]) == pytest.approx(1, abs=1e-6)
    torch.testing.assert_close(path.basis.T @ path.basis, torch.eye(D, dtype=torch.float64))


def test_tuning_the_basis_on_one_measurement_returns_the_measurement(generator):
    """The loss is 0 at α = 1 with y in span(V): the theory needs V to stay as it was trained."""
    x, y = (pair[0] for pair in Q.sample(1, generator))
    path = adapt(x, y, number(0.8), U, rate=0.005, steps=300, tune_basis=True)
    assert float(path.losses[-1]) < 1e-3
    assert float(path.watched[-1]) == pytest.approx(float((x - y).square().sum()) / D, rel=0.05)


def test_alpha_hat_follows_fishers_law(generator):
    alphas = repeated_alphas(Q, 6000, generator)
    mean, spread = alpha_moments(N, D, VARSIGMA)
    assert deviations_off(alphas, mean) < 4.5
    assert float(alphas.std()) == pytest.approx(spread, rel=0.15)
    random = np.random.default_rng(0)
    fisher = 1 - VARSIGMA**2 / (1 + VARSIGMA**2) * torch.from_numpy(random.f(N - D, D, 6000))
    both = torch.cat([alphas, fisher])
    gap = torch.stack([torch.searchsorted(each.sort().values, both) for each in (alphas, fisher)]).diff(dim=0) / 6000
    assert float(gap.abs().max()) * math.sqrt(6000 / 2) < 1.95, "Kolmogorov and Smirnov's two-sample test, p = 0.001"


def test_one_linear_estimator_serves_neither_noise_level_but_a_non_linear_one_serves_both(generator):
    """Paper B, §3, on the sphere."""
    basis = random_basis(200, 20, generator)
    low, high = (SubspaceModel(basis, noise, sphere=True) for noise in (0.3, 1.5))
    shared = best_alpha(basis, low, high)
    assert float(shared) == pytest.approx(1 / (1 + (0.3**2 + 1.5**2) / 2))
    for model in (low, high):
        least = float(risk(best_alpha(basis, model), basis, model))
        assert float(risk(shared, basis, model)) > 1.1 * least
        best, linear, residual, ttt = shared_errors(model, shared, 3000, generator).values()
        assert float((residual - best).mean()) * 20 < 0.02 * least
        assert float((ttt - best).mean()) > float((residual - best).mean()), "the price of an unknown signal strength"
        assert deviations_off(linear * 20, risk(shared, basis, model)) < 4.5


def test_shift_errors_are_those_of_the_three_estimators(generator):
    tested = SubspaceModel(turned(U, 35, seeded(3)), SIGMA)
    errors = shift_errors(P, tested, 3000, generator)
    assert deviations_off(errors["trained on P"] * D, risk(best_alpha(U, P), U, tested)) < 4.5
    best = risk(best_alpha(tested.basis, tested), tested.basis, tested)
    assert deviations_off(errors["trained on Q"] * D, best) < 4.5
    assert errors["trained on P + TTT"].mean() > errors["trained on P"].mean(), "a turn misleads TTT"


def test_measured_slopes_are_those_of_the_exact_law(generator):
    shapes = {"both grow": [(n, n // 4) for n in (64, 128, 256)], "d fixed": [(n, 16) for n in (64, 128, 256)]}
    logs = {name: log_deviations(each, VARSIGMA, 1000, generator) for name, each in shapes.items()}
    both, fixed = slope_rows(shapes, logs, VARSIGMA)
    for row in (both, fixed):
        assert abs(row["measured"]["value"] - row["exact"]) < row["measured"]["high"] - row["measured"]["low"]
    assert both["leading"] == pytest.approx(-0.5)
    assert both["exact"] < -0.5 < -0.2 < fixed["exact"] < 0


def test_the_same_seed_gives_the_same_draws():
    first, second = (repeated_alphas(Q, 700, seeded(9)) for _ in range(2))
    assert torch.equal(first, second)


def test_values_have_the_statistic_as_their_mean(generator):
    y = Q.sample(300, generator)[1]
    inside, outside = split_energy(y, U)
    pooled = 1 - D / (N - D) * outside.mean() / inside.mean()
    assert float(minimiser_values(y, U).mean()) == pytest.approx(float(pooled))
    samples = torch.randn(3, 500, generator=generator, dtype=torch.float64) * torch.tensor([[1.0], [2.0], [4.0]])
    logs = log_deviation_values(samples)
    torch.testing.assert_close(logs.mean(-1), samples.std(-1, correction=0).log())
    slopes = log_slope([10, 20, 40], logs)
    assert deviations_off(slopes, 1.0) < 4.5
    exact = torch.tensor([3.0, 1.5, 0.75], dtype=torch.float64).log()
    assert float(log_slope([10, 20, 40], exact)) == pytest.approx(-1)


def test_a_rate_that_diverges_is_named():
    args = (number(0.5), U, lambda a, basis: a)
    with pytest.raises(ValueError, match=r"rate: 1000\.0 is too large"):
        descend(lambda a, basis: risk(a, basis, P), *args, rate=1000.0, steps=200, tune_basis=False)
