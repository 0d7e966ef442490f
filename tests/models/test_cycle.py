"""CycleU-Net: two U-Nets of one size, four terms, and only f in use after training."""

import pytest
import torch
from laws import assert_close
from tiny_slices import seed_weights, tiny_model, tiny_sample

from mrilib.losses import normalized_l1
from mrilib.models.build import build
from mrilib.models.cycle import CycleReconstructor
from mrilib.train.objectives import OBJECTIVES, round_trip

GENERATOR = torch.Generator()


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def cycle(**settings):
    with torch.random.fork_rng(devices=[]):
        return seed_weights(CycleReconstructor(4, 2, **settings)).eval()


def test_f_and_g_have_the_same_number_of_parameters():
    model = cycle()
    f, g = (sum(p.numel() for p in part.parameters()) for part in (model.unet, model.backward_unet))
    assert f == g == sum(p.numel() for p in tiny_model().parameters())


def test_its_reconstruction_is_f_alone(sample):
    model, plain = cycle(), tiny_model()
    plain.unet.load_state_dict(model.unet.state_dict())
    image = plain(sample.masked_kspace, sample.operator)
    assert torch.equal(model(sample.masked_kspace, sample.operator), image)
    seed_weights(model.backward_unet, 7)
    assert torch.equal(model(sample.masked_kspace, sample.operator), image)


def test_the_way_back_is_equivariant_to_scale(sample):
    assert_close(cycle().degrade(512 * sample.reference), 512 * cycle().degrade(sample.reference), 1e-4)


@pytest.mark.parametrize("kind", ["magnitude", "complex"])
def test_the_loss_is_the_sum_of_four_distances(sample, kind):
    model, y, A = cycle(), sample.masked_kspace, sample.operator
    x = sample.target if kind == "magnitude" else sample.reference
    seen = torch.abs if kind == "magnitude" else torch.clone
    start = A.H(y)
    f, g = (lambda image: model.refine(image, y, A)), model.degrade
    to_x = (normalized_l1(seen(image), seen(x)) for image in (f(g(x + 0j)), f(start)))
    to_start = (normalized_l1(image, start) for image in (g(f(start)), g(x + 0j)))
    found = OBJECTIVES["cycle"](model, sample, kind, GENERATOR)
    torch.testing.assert_close(found, sum(to_x) + sum(to_start))


def test_the_round_trip_tunes_both_networks(sample):
    model = cycle()
    round_trip(model, sample, "magnitude", GENERATOR).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_two_networks_that_change_nothing_make_a_perfect_round_trip(sample):
    """The self-supervised pass never asks whether f reconstructs: A appears in it only through A†y."""
    model = cycle()
    model.unet, model.backward_unet = torch.nn.Identity(), torch.nn.Identity()
    assert round_trip(model, sample, "magnitude", GENERATOR).item() < 1e-6


def test_it_is_built_by_name_and_its_loss_wants_it(sample):
    assert isinstance(build({"name": "cycle", "chans": 4, "num_pool_layers": 2}), CycleReconstructor)
    with pytest.raises(ValueError, match="loss 'cycle' needs the model 'cycle', got a UnetReconstructor"):
        OBJECTIVES["cycle"](tiny_model(), sample, "magnitude", GENERATOR)
