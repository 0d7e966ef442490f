"""A fixed encoder changes no image, leaves the decoder trainable, and is not computed again."""

import copy

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample
from torch import nn

from mrilib.models.build import build
from mrilib.models.fixed_encoder import fix_encoder

TINY = {"chans": 4, "num_pool_layers": 2}


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.fixture(scope="module")
def odd():
    return tiny_sample(matrix=(41, 47))


def networks(name, sample):
    """A network and its copy with a fixed encoder."""
    cascades = {"num_cascades": 2} if name == "varnet" else {}
    network = seed_weights(build({"name": name, **TINY, **cascades}))
    fixed = copy.deepcopy(network)
    fix_encoder(fixed, sample.masked_kspace, sample.operator)
    return network, fixed


def gradients(network, sample):
    network(sample.masked_kspace, sample.operator).abs().sum().backward()
    return {name: one.grad for name, one in network.named_parameters()}


@pytest.mark.parametrize("name", ["unet", "norm_unet", "fastmri_unet", "two_head"])
def test_same_image_and_same_gradients_of_bottleneck_and_decoder(sample, name):
    network, fixed = networks(name, sample)
    with torch.no_grad():
        assert torch.equal(network(sample.masked_kspace, sample.operator), fixed(sample.masked_kspace, sample.operator))
    every, left = gradients(network, sample), gradients(fixed, sample)
    assert every.keys() - left.keys() == {name for name in every if "down_sample_layers" in name} != set()
    for name, gradient in left.items():
        assert (gradient is None and every[name] is None) or torch.allclose(gradient, every[name], rtol=1e-4, atol=1e-6)


def test_odd_sizes_are_decoded_as_before(odd):
    network, fixed = networks("unet", odd)
    with torch.no_grad():
        assert torch.equal(network(odd.masked_kspace, odd.operator), fixed(odd.masked_kspace, odd.operator))


def test_a_network_that_fails_stays_as_it_is(sample):
    network, _ = networks("unet", sample)
    names = [name for name, _ in network.named_modules()]
    with pytest.raises(Exception, match=r"\S"):
        fix_encoder(network, sample.masked_kspace[..., :-3], sample.operator)
    assert [name for name, _ in network.named_modules()] == names


def test_a_network_whose_unets_see_changing_images_stays_as_it_is(sample):
    network, fixed = networks("varnet", sample)
    assert [name for name, _ in fixed.named_modules()] == [name for name, _ in network.named_modules()]


def test_the_encoder_is_not_computed_again(sample):
    network, fixed = networks("unet", sample)
    image = torch.randn(1, 2, *sample.mask.shape[-2:])
    assert torch.equal(fixed.unet(image), fixed.unet(0 * image))
    convolutions = [sum(isinstance(one, nn.Conv2d) for one in each.modules()) for each in (network.unet, fixed.unet)]
    assert convolutions[0] - convolutions[1] == 2 * TINY["num_pool_layers"]
    assert not any(one.requires_grad for one in fixed.unet.buffers())
