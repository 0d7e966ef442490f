"""ZS-SSL's network: its size, its data consistency, and gradients through conjugate gradients."""

import pytest
import torch
from laws import assert_close, randn
from tiny_slices import seed_weights, tiny_sample

from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.unrolled import ResidualBlock, UnrolledReconstructor, data_consistency

SMALL = {"name": "unrolled", "num_unrolls": 2, "num_blocks": 1, "features": 4, "cg_iterations": 3}


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.fixture
def operator():
    """A small random A in double precision, half of whose pixels are sampled."""
    mask = torch.rand(1, 1, 6, 5, generator=torch.Generator().manual_seed(0)) < 0.5
    return sense(mask, randn(1, 3, 6, 5))


def test_it_has_ten_turns_of_fifteen_blocks():
    model = UnrolledReconstructor()
    convolutions = 2 * 9 * 2 * 64 + (2 * 15 + 1) * 9 * 64**2
    assert sum(p.numel() for p in model.parameters()) == convolutions + 1 == 1_145_089, "μ and θ once, not ten times"
    assert (model.num_unrolls, model.cg_iterations) == (10, 10)
    assert model.log_mu.exp().item() == pytest.approx(0.05)


def test_a_block_adds_a_tenth():
    block = seed_weights(ResidualBlock(3))
    hidden = randn(1, 3, 5, 5, dtype=torch.float32)
    torch.testing.assert_close(block(hidden), hidden + 0.1 * block.layers(hidden))


def test_data_consistency_solves_its_equation(operator):
    denoised, adjoint, mu = randn(1, 1, 6, 5, seed=1), operator.H(randn(1, 3, 6, 5, seed=2)), torch.tensor(0.05)
    x = data_consistency(denoised, adjoint, operator, mu, 60)
    assert_close(operator.N(x) + mu * x, adjoint + mu * denoised, 1e-5)


def test_a_large_mu_keeps_the_image_and_a_small_one_the_measurements(operator):
    denoised, truth = randn(1, 1, 6, 5, seed=1), randn(1, 1, 6, 5, seed=3)
    adjoint = operator.N(truth)
    assert_close(data_consistency(denoised, adjoint, operator, torch.tensor(1e9), 60), denoised, 1e-6)
    x = data_consistency(denoised, adjoint, operator, torch.tensor(1e-6), 200)
    assert_close(operator.N(x), adjoint, 1e-4)


@pytest.mark.parametrize("iterations", [1, 6])
def test_gradients_through_the_iterations_are_those_of_finite_differences(operator, iterations):
    """For z, for Aᴴy and for μ; also though CG has not converged."""
    adjoint = operator.H(randn(1, 3, 6, 5, seed=2)).requires_grad_()
    denoised = randn(1, 1, 6, 5, seed=1).requires_grad_()
    mu = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(
        lambda z, b, m: torch.view_as_real(data_consistency(z, b, operator, m, iterations)), (denoised, adjoint, mu)
    )


def test_converged_gradients_are_another_solve(operator):
    """(AᴴA + μ)⁻¹ is its own adjoint: ∂⟨g, x⟩/∂z = μ (AᴴA + μ)⁻¹ g."""
    adjoint, gradient = operator.H(randn(1, 3, 6, 5, seed=2)), randn(1, 1, 6, 5, seed=4)
    denoised, mu = randn(1, 1, 6, 5, seed=1).requires_grad_(), torch.tensor(0.3)
    data_consistency(denoised, adjoint, operator, mu, 80).backward(gradient)
    assert denoised.grad is not None
    expected = mu * data_consistency(torch.zeros_like(gradient), gradient, operator, mu, 80)
    assert_close(denoised.grad, expected, 1e-4)


def test_every_weight_gets_a_gradient(sample):
    model = seed_weights(build(SMALL)).train()
    model(sample.masked_kspace, sample.operator).abs().sum().backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in model.parameters())


def test_it_commutes_with_a_change_of_units(sample):
    model = seed_weights(build(SMALL))
    image = model(sample.masked_kspace, sample.operator)
    assert image.shape == sample.target.shape
    torch.testing.assert_close(model(512 * sample.masked_kspace, sample.operator), 512 * image, rtol=1e-4, atol=1e-3)


def test_each_slice_of_a_batch_is_reconstructed_by_itself():
    model, one, two = seed_weights(build(SMALL)), tiny_sample(1), tiny_sample(2)
    A = sense(torch.cat([one.mask, two.mask]), torch.cat([one.sens_maps, two.sens_maps]))
    both = model(torch.cat([one.masked_kspace, two.masked_kspace]), A)
    torch.testing.assert_close(both[:1], model(one.masked_kspace, one.operator), rtol=1e-3, atol=1e-6)
    torch.testing.assert_close(both[1:], model(two.masked_kspace, two.operator), rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("wrong", ["num_unrolls", "num_blocks", "features", "cg_iterations", "mu"])
def test_every_size_must_be_positive(wrong):
    with pytest.raises(ValueError, match="must be positive"):
        UnrolledReconstructor(**{wrong: 0})
