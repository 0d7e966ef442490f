"""Fast layers give the network's images and gradients, and keep channels last from one end to the other."""

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample
from torch import nn

from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.unet import Unet
from mrilib.scan.fast_layers import fast

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
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d, nn.LeakyReLU)):
            layer.register_forward_hook(lambda _, __, image: seen.append(image))
    made(torch.rand(1, 1, 20, 24))
    assert len(seen) == 25
    assert all(image.is_contiguous(memory_format=torch.channels_last) for image in seen)


def test_a_norm_with_learnt_scale_is_kept():
    learnt = nn.Sequential(nn.Conv2d(1, 2, 3), nn.InstanceNorm2d(2, affine=True))
    assert isinstance(fast(learnt)[1], nn.InstanceNorm2d)
