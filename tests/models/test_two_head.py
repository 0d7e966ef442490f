"""The two-head U-Net: a plain U-Net to its callers, one encoder for both tasks, a loss of two terms."""

import pytest
import torch
from laws import assert_close
from tiny_slices import seed_weights, tiny_model, tiny_sample

from mrilib.losses import normalized_l1
from mrilib.models.build import build
from mrilib.models.two_head import TwoHeadReconstructor
from mrilib.models.unet import Unet
from mrilib.train.objectives import OBJECTIVES, denoising, supervised


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def two_head(**settings):
    with torch.random.fork_rng(devices=[]):
        return seed_weights(TwoHeadReconstructor(4, 2, **settings)).eval()


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_its_main_task_is_the_u_net_of_the_same_weights(sample):
    model = two_head()
    plain = tiny_model()
    plain.unet.load_state_dict(model.unet.state_dict())
    assert torch.equal(model(sample.masked_kspace, sample.operator), plain(sample.masked_kspace, sample.operator))


def test_the_second_decoder_is_the_first_ones_twin(sample):
    model = two_head()
    model.denoiser.load_state_dict({k: v for k, v in model.unet.state_dict().items() if k.startswith("up_")})
    initial = model.initial(sample.masked_kspace, sample.operator)
    assert_close(model.denoise(initial), model(sample.masked_kspace, sample.operator), 1e-6)


def test_it_has_an_encoder_and_two_decoders():
    unet, both = Unet(2, 2, 4, 2), two_head()
    decoder = sum(p.numel() for name, p in unet.named_parameters() if name.startswith("up_"))
    assert sum(p.numel() for p in both.parameters()) == sum(p.numel() for p in unet.parameters()) + decoder


def test_the_noise_has_the_stated_size_and_repeats_by_seed():
    image = torch.full((2, 1, 64, 64), 3 + 4j) * torch.tensor([1.0, 100.0]).view(2, 1, 1, 1)
    model = two_head(noise=0.2)
    noise = model.noisy(image, generator()) - image
    size = noise.abs().square().mean((1, 2, 3)).sqrt() / torch.tensor([5.0, 500.0])
    torch.testing.assert_close(size, torch.full((2,), 0.2), rtol=0.03, atol=0)
    assert torch.equal(model.noisy(image, generator()), model.noisy(image, generator()))


def test_denoising_is_equivariant_to_scale(sample):
    model = two_head()
    initial = model.initial(sample.masked_kspace, sample.operator)
    assert_close(model.denoise(512 * initial), 512 * model.denoise(initial), 1e-4)


def test_the_loss_is_the_sum_of_both_tasks(sample):
    model = two_head()
    initial = model.initial(sample.masked_kspace, sample.operator)
    auxiliary = normalized_l1(model.denoise(model.noisy(initial, generator())), initial)
    total = OBJECTIVES["two_head"](model, sample, "magnitude", generator())
    assert torch.equal(total, supervised(model, sample, "magnitude", generator()) + auxiliary)


def test_denoising_tunes_the_encoder_and_its_own_decoder_only(sample):
    model = two_head()
    denoising(model, sample, "magnitude", generator()).backward()
    moved = {name for name, p in model.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert {name for name, _ in model.named_parameters()} - moved == {
        name for name, _ in model.named_parameters() if name.startswith("unet.up_")
    }


def test_it_is_built_by_name_and_its_noise_is_part_of_what_it_is():
    model = build({"name": "two_head", "chans": 4, "num_pool_layers": 2, "noise": 0.3})
    assert isinstance(model, TwoHeadReconstructor)
    assert "noise=0.3" in repr(model)
    with pytest.raises(ValueError, match="noise must be positive, got 0"):
        two_head(noise=0)


def test_the_loss_wants_its_own_network(sample):
    with pytest.raises(ValueError, match="loss 'two_head' needs the model 'two_head', got a UnetReconstructor"):
        OBJECTIVES["two_head"](tiny_model(), sample, "magnitude", generator())
