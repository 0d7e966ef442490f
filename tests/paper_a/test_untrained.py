"""Un-trained networks: fixed inputs, published sizes, and test-time training from random weights."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample, weights

from mrilib.coils import normalize_maps
from mrilib.fourier import fft2c
from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.reconstructor import UnetReconstructor
from mrilib.models.untrained import ConvDecoder, DipUnet, layer_sizes
from mrilib.paper_a.zero_shot_and_untrained.untrained import fit_untrained, random_network, replace_known
from mrilib.ttt import Settings, test_time_train

test_time_train.__test__ = False  # it is the library's, not a test
SETTINGS = Settings(learning_rate=5e-3, max_iterations=6, window=2)
SMALL = {
    "conv_decoder": {"name": "conv_decoder", "num_layers": 3, "chans": 6, "in_size": [5, 6]},
    "dip_unet": {"name": "dip_unet", "chans": 4, "num_pool_layers": 2},
}
every_network = pytest.mark.parametrize("architecture", SMALL.values(), ids=SMALL)


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_conv_decoder_has_its_published_size():
    """Eight 3×3 convolutions of 160 channels with normalisation, and the 1×1 mix: two outputs, or 30 for 15 coils."""
    eight = 8 * (9 * 160**2 + 2 * 160)
    assert parameters(ConvDecoder()) == eight + 2 * 160 == 1_846_080
    assert round((eight + 30 * 160) / 1e6, 2) == 1.85


def test_conv_decoder_grows_by_one_factor():
    assert layer_sizes((8, 4), (640, 368), 8) == [
        [15, 8], [28, 15], [53, 28], [98, 53], [183, 102], [343, 193], [640, 368], [640, 368],
    ]  # fmt: skip
    assert layer_sizes((8, 8), (64, 32), 2) == [[64, 32], [64, 32]]


def test_dip_unet_is_paper_a_s_unet_on_noise(sample):
    dip, plain = build(SMALL["dip_unet"]), build({**SMALL["dip_unet"], "name": "unet"})
    assert isinstance(dip, UnetReconstructor)
    plain.load_state_dict(dip.state_dict())
    given = (sample.masked_kspace, sample.operator)
    noise = dip.initial(*given)
    assert torch.equal(dip(*given), plain(*given, noise))
    assert noise.norm().item() == pytest.approx(plain.initial(*given).norm().item())


@every_network
def test_only_the_scale_of_the_measurements_reaches_the_network(sample, architecture):
    model = random_network(architecture)
    A, y = sample.operator, sample.masked_kspace
    image, other = model(y, A), model(y.flip(-2), A)
    assert image.shape == sample.target.shape
    assert image.is_complex()
    torch.testing.assert_close(other / other.norm(), image / image.norm(), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(model(512 * y, A), 512 * image, rtol=1e-4, atol=0)


@every_network
def test_a_batch_gets_the_same_input_in_each_item(sample, architecture):
    model = random_network(architecture)
    A = sense(sample.mask, sample.sens_maps.expand(2, -1, -1, -1))
    both = model(torch.cat([sample.masked_kspace, 4 * sample.masked_kspace]), A)
    torch.testing.assert_close(both[1:], 4 * both[:1], rtol=1e-3, atol=1e-6)


@every_network
def test_seeds_decide_weights_and_noise(sample, architecture):
    assert torch.equal(weights(random_network(architecture, 3)), weights(random_network(architecture, 3)))
    assert not torch.equal(weights(random_network(architecture, 3)), weights(random_network(architecture, 4)))
    one, two = (seed_weights(build({**architecture, "seed": seed})) for seed in (0, 1))
    given = (sample.masked_kspace, sample.operator)
    assert not torch.allclose(one(*given), two(*given), rtol=1e-2, atol=0)
    assert torch.equal(one(*given), one(*given))


def test_random_weights_leave_the_global_state_alone():
    before = torch.random.get_rng_state()
    random_network(SMALL["dip_unet"])
    assert torch.equal(torch.random.get_rng_state(), before)


@every_network
def test_fitting_is_test_time_training_from_random_weights(sample, architecture):
    given = (sample.masked_kspace, sample.mask, sample.sens_maps, SETTINGS)
    record = fit_untrained(architecture, *given, seed=1)
    same = test_time_train(random_network(architecture, 1), *given)
    assert torch.equal(record.image, same.image)
    assert record.history == same.history
    errors = record.history.train_error
    assert errors[-1] < errors[0]


def test_options_reach_test_time_training(sample):
    record = fit_untrained(
        SMALL["dip_unet"],
        *(sample.masked_kspace, sample.mask, sample.sens_maps),
        replace(SETTINGS, max_iterations=3),
        score=lambda image: image.abs().mean().item(),
        score_at=(1,),
    )
    assert set(record.history.score) == {1}


def test_known_k_space_is_put_back(sample):
    maps = normalize_maps(sample.sens_maps)
    image = sample.reference * 0.7
    replaced = replace_known(image, sample.masked_kspace, sample.mask, maps)
    coils = sample.masked_kspace + ~sample.mask * fft2c(maps * image)
    torch.testing.assert_close(replaced, sense(torch.ones_like(sample.mask), maps).H(coils), rtol=1e-4, atol=1e-6)
    exact = sense(sample.mask, maps)(image)
    torch.testing.assert_close(replace_known(image, exact, sample.mask, maps), image, rtol=1e-3, atol=1e-5)


def test_sizes_that_make_no_network_are_refused():
    for settings in ({"num_layers": 1}, {"chans": 0}):
        with pytest.raises(ValueError, match="num_layers must be at least 2 and chans positive"):
            ConvDecoder(**settings)
    with pytest.raises(ValueError, match="channels and num_pool_layers must be positive"):
        DipUnet(chans=0)
