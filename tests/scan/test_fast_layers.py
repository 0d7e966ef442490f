"""Fast layers give the network's images and gradients, and keep channels last from one end to the other."""

import pytest
import torch
import torch.nn.functional as F
from tiny_slices import seed_weights, tiny_sample
from torch import nn

from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.unet import Unet
from mrilib.scan.fast_layers import NormOfOneImage, fast

NETWORKS = {
    "norm_unet": {"name": "norm_unet", "chans": 4, "num_pool_layers": 2},
    "unet": {"name": "unet", "chans": 4, "num_pool_layers": 2},
    "fastmri_unet": {"name": "fastmri_unet", "chans": 4, "num_pool_layers": 2},
    "e2e_varnet": {"name": "e2e_varnet", "num_cascades": 2, "chans": 4, "sens_chans": 3, "num_pool_layers": 2},
    "varnet": {"name": "varnet", "num_cascades": 2, "chans": 4, "num_pool_layers": 2},
    "norm_vit": {"name": "norm_vit", "dim": 24, "depth": 1, "heads": 2, "patch": 8, "image_size": 48},
}


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.mark.parametrize("name", NETWORKS)
def test_image_and_gradients_are_those_of_the_network(sample, name):
    model = seed_weights(build(NETWORKS[name]).double())
    A = sense(sample.mask, sample.sens_maps.to(torch.complex128))
    given = (sample.masked_kspace.to(torch.complex128), A)
    found = []
    for one in (model, fast(model)):
        image = one(*given)
        image.abs().square().mean().backward()
        found.append((image.detach(), torch.cat([parameter.grad.flatten() for parameter in one.parameters()])))
    for before, after in zip(*found, strict=True):
        assert (after - before).abs().max() < 1e-9 * before.abs().max()


def test_the_network_given_stays_as_it_is():
    model = seed_weights(Unet(1, 1, 4, 2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    made = fast(model)
    assert not any(isinstance(layer, nn.InstanceNorm2d) for layer in made.modules())
    assert sum(isinstance(layer, nn.InstanceNorm2d) for layer in model.modules()) == 12
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_channels_stay_last_through_every_level():
    made = fast(seed_weights(Unet(1, 1, 4, 2)))
    seen = []
    for layer in made.modules():
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, NormOfOneImage)):
            layer.register_forward_hook(lambda _, __, image: seen.append(image))
    made(torch.rand(1, 1, 20, 24))
    assert len(seen) == 25
    assert all(image.is_contiguous(memory_format=torch.channels_last) for image in seen)


def test_a_norm_with_learnt_scale_is_kept():
    learnt = nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2, affine=True))
    assert isinstance(fast(learnt)[1], nn.InstanceNorm2d)


@pytest.mark.parametrize("slope", [0.2, 1.0])
@pytest.mark.parametrize(("shape", "folds"), [((8, 24, 20), True), ((3, 4, 6), True), ((4, 9, 7), False)])
def test_a_folded_norm_is_the_instance_norm_with_its_gradient(shape, folds, slope):
    generator = torch.Generator().manual_seed(0)
    image = 3 + 2 * torch.randn(1, *shape, generator=generator, dtype=torch.float64)
    image[0, 0] *= 5
    image = image.to(memory_format=torch.channels_last).requires_grad_()
    weights = torch.randn(1, 2 * shape[0], *shape[1:], generator=generator, dtype=torch.float64)
    weights = weights.to(memory_format=torch.channels_last)[:, : shape[0]]  # as of a concatenation
    found = NormOfOneImage(1e-5, slope)(image)
    assert ("FoldedNorm" in type(found.grad_fn).__name__) == folds
    expected = F.leaky_relu(F.instance_norm(image, eps=1e-5), slope)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    (gradient,), (right,) = (torch.autograd.grad(one, image, weights) for one in (found, expected))
    torch.testing.assert_close(gradient, right, rtol=0, atol=1e-12)


def test_a_folded_norm_in_bfloat16_is_as_close_as_its_rounding():
    image = torch.randn(1, 8, 230, 180, generator=torch.Generator().manual_seed(0))
    rounded = image.bfloat16().to(memory_format=torch.channels_last)
    error = NormOfOneImage(1e-5)(rounded).float() - F.instance_norm(rounded.float(), eps=1e-5)
    assert error.abs().max() <= 2**-8 * image.abs().max()
