"""A phase of its own beside the network's magnitude: where it begins, what it ignores, what its penalty counts."""

import math

import pytest
import torch
from tiny_slices import tiny_model, tiny_sample

from mrilib.models.free_phase import FreePhase, SharedAdam
from mrilib.models.reconstructor import Reconstructor
from mrilib.sampling import calibration_width


class Turned(Reconstructor):
    """Another network's image, its phase turned by a fixed angle at each pixel."""

    def __init__(self, network, angles):
        super().__init__()
        self.network, self.angles = network, angles

    def initial(self, masked_kspace, A):
        return self.network.initial(masked_kspace, A)

    def refine(self, initial, masked_kspace, A):
        return self.network.refine(initial, masked_kspace, A) * torch.polar(torch.ones_like(self.angles), self.angles)


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def freed(network, sample):
    return FreePhase(network, sample.masked_kspace, sample.operator, calibration_width(sample.mask))


def test_the_first_image_has_the_networks_magnitude_and_the_calibration_lines_phase(sample):
    network = tiny_model()
    plain = network(sample.masked_kspace, sample.operator)
    image = freed(network, sample)(sample.masked_kspace, sample.operator)
    torch.testing.assert_close(image.abs(), plain.abs())
    seen = sample.target > 0.2 * sample.target.max()
    turned = torch.angle(image * sample.reference.conj())[seen]
    assert turned.abs().median() < 0.3, "radians"


def test_the_phase_of_the_network_does_not_matter(sample, generator):
    network = tiny_model()
    angles = 2 * math.pi * torch.rand(sample.reference.shape, generator=generator)
    one, other = (freed(model, sample) for model in (network, Turned(network, angles)))
    given = (sample.masked_kspace, sample.operator)
    torch.testing.assert_close(other(*given), one(*given))


class Fixed(Reconstructor):
    """One image, whatever is measured."""

    def __init__(self, image):
        super().__init__()
        self.image = image

    def initial(self, masked_kspace, A):
        return self.image

    def refine(self, initial, masked_kspace, A):
        return initial


def with_floor(sample, image):
    given = (sample.masked_kspace, sample.operator)
    model = FreePhase(Fixed(image), *given, calibration_width(sample.mask), noise_floor=True)
    return model, model(*given)


def test_a_root_sum_of_squares_image_loses_its_noise_floor_and_gets_it_back(sample):
    signal = torch.zeros_like(sample.target)
    signal[..., 10:, :] = 5.0
    seen = (signal.square() + 1).sqrt()
    model, image = with_floor(sample, seen)
    assert model.floor.item() == 1
    torch.testing.assert_close(image.abs(), signal, rtol=0.02, atol=1e-6)
    torch.testing.assert_close(model.with_floor(image).abs()[signal > 0], seen[signal > 0], rtol=0.02, atol=0)


def test_an_image_without_a_noise_floor_stays_as_it_is(sample):
    image = torch.zeros_like(sample.target)
    image[..., 10:, :] = 5.0
    model, found = with_floor(sample, image)
    torch.testing.assert_close(found.abs(), image)
    torch.testing.assert_close(model.with_floor(found), found)
    assert with_floor(sample, torch.zeros_like(image))[1].abs().max() < 1e-30, "nothing is divided by zero"


def test_below_the_floor_the_image_has_a_gradient(sample):
    image = torch.full_like(sample.target, 2.0)
    image[..., :8, :] = 1.0
    image[..., 20, 20] = 0.5
    image.requires_grad_()
    with_floor(sample, image)[1].abs().sum().backward()
    assert image.grad[0, 0, 20, 20].item() == pytest.approx(-1), "an amplitude of −0.5, on its way to zero"
    assert image.grad[0, 0, 30, 30].item() == pytest.approx(1.25)


def test_the_penalty_is_the_total_variation_of_psi_where_there_is_signal(sample):
    model = freed(tiny_model(), sample)
    rows, columns = model.turn.shape[-2:]
    image = torch.zeros_like(sample.reference)
    image[..., : rows // 2, :] = 3j
    assert model.variation(image) == 0, "ψ begins at zero"
    ramp = 0.1 * torch.arange(columns, dtype=torch.float32)
    model.turn.data[:] = ramp
    assert model.variation(torch.zeros_like(image)) == 0, "a network that gives nothing does not end in NaN"
    expected = 0.1 * (columns - 1) / columns
    assert model.variation(image).item() == pytest.approx(expected, rel=1e-5), "radians a pixel, in any units of x"
    model.turn.data[..., rows // 2 + 1 :, :] = 100.0
    assert model.variation(image).item() == pytest.approx(expected, rel=1e-5), "nothing counts where nothing is seen"


def stepped(optimizer, one, gradients):
    """A parameter after a step with each of the gradients."""
    for gradient in gradients:
        one.grad = gradient.clone()
        optimizer.step()
    return one.detach()


def parameter(like):
    return torch.nn.Parameter(torch.zeros_like(like))


def test_the_first_step_is_the_gradient_in_units_of_its_rms(generator):
    gradient = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    one = parameter(gradient)
    moved = stepped(SharedAdam([one], 0.04), one, [gradient])
    torch.testing.assert_close(moved, -0.04 * gradient / gradient.square().mean().sqrt())


def test_where_all_gradients_have_one_modulus_it_is_adam(generator):
    signs = [torch.randn(6, generator=generator, dtype=torch.float64).sign() * size for size in (1.0, 3.0, 0.2, 2.0)]
    ours, theirs = parameter(signs[0]), parameter(signs[0])
    expected = stepped(torch.optim.Adam([theirs], 0.1, eps=0.0), theirs, signs)
    torch.testing.assert_close(stepped(SharedAdam([ours], 0.1), ours, signs), expected)


def test_without_a_gradient_nothing_moves():
    one, other = parameter(torch.zeros(3)), parameter(torch.zeros(3))
    assert not stepped(SharedAdam([one, other], 0.1), one, [torch.zeros(3)]).any()
    assert not other.any()
