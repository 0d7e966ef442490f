"""Networks: fastMRI's U-Net to the last key and digit, and what every reconstructor promises its callers."""

import math
import warnings

import numpy as np
import pytest
import torch
from golden_values import golden
from tiny_slices import seed_weights, tiny_model, tiny_sample, weights

from mrilib.fourier import ifft2c
from mrilib.linop import sense
from mrilib.models.build import ARCHITECTURES, build, describe
from mrilib.models.reconstructor import Reconstructor, UnetReconstructor, part_rss
from mrilib.models.unet import Unet

GOLDEN = golden("unet")


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def noise(*shape, seed=8):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_unet_has_the_keys_of_fastmri():
    assert sorted(Unet(2, 2, 4, 4).state_dict()) == sorted(GOLDEN["keys"])


def test_unet_gives_the_output_of_fastmri():
    network = seed_weights(Unet(2, 2, 4, 3), GOLDEN["weights_seed"])
    output = network(noise(*GOLDEN["input_shape"], seed=GOLDEN["input_seed"])).detach()
    values = [output[tuple(place)].item() for place in GOLDEN["places"]]
    assert values == pytest.approx(GOLDEN["values"], abs=2e-5)
    assert output.abs().sum().item() == pytest.approx(GOLDEN["sum_of_magnitudes"], rel=1e-5)


def test_weights_of_the_installed_fastmri_load_and_give_its_output():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fastmri_models = pytest.importorskip("fastmri.models", exc_type=ImportError)
    theirs = fastmri_models.Unet(1, 2, chans=6, num_pool_layers=3, drop_prob=0.0).eval()
    ours = Unet(1, 2, chans=6, num_pool_layers=3).eval()
    ours.load_state_dict(theirs.state_dict())
    image = noise(2, 1, 33, 28)
    with torch.no_grad():
        assert torch.equal(ours(image), theirs(image))


@pytest.mark.parametrize("shape", [(16, 16), (17, 23), (31, 16), (9, 40)])
def test_unet_takes_odd_sizes(shape):
    assert Unet(1, 3, 2, 3)(noise(2, 1, *shape)).shape == (2, 3, *shape)


def test_dropout_drops_in_training_only():
    network, image = seed_weights(Unet(1, 1, 4, 2, drop_prob=0.5)), noise(1, 1, 16, 16)
    assert torch.equal(network.eval()(image), network(image))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert not torch.equal(network.train()(image), network(image))


@pytest.mark.parametrize(("chans", "count"), [(10, 757_501), (32, 7_756_097), (128, 124_093_697), (256, 496_372_225)])
def test_unet_has_the_published_number_of_parameters(chans, count):
    with torch.device("meta"):
        assert parameters(Unet(1, 1, chans, 4)) == count


def test_paper_a_unet_is_the_default_and_has_31_024_386_parameters():
    with torch.device("meta"):
        assert parameters(UnetReconstructor(64, 4)) == 31_024_386
        assert parameters(UnetReconstructor()) == 31_024_386
        assert not UnetReconstructor().residual


def test_unet_needs_a_level_and_a_channel():
    for settings in ((0, 1, 4, 2), (1, 1, 0, 2), (1, 1, 4, 0)):
        with pytest.raises(ValueError, match="must be positive"):
            Unet(*settings)


@pytest.mark.parametrize("settings", [{}, {"residual": True}, {"pinv_iterations": 3}, {"fidelity": "code"}])
def test_reconstruction_is_equivariant_to_scale(sample, settings):
    model, A = tiny_model(**settings), sample.operator
    image = model(sample.masked_kspace, A)
    assert image.shape == sample.target.shape
    assert image.is_complex()
    torch.testing.assert_close(model(512.0 * sample.masked_kspace, A), 512.0 * image, rtol=1e-4, atol=0)


@pytest.mark.parametrize("settings", [{}, {"residual": True}, {"pinv_iterations": 3}, {"fidelity": "code"}])
def test_known_initial_changes_nothing(sample, settings):
    model, A, y = tiny_model(**settings), sample.operator, sample.masked_kspace
    initial = model.initial(y, A)
    assert not initial.requires_grad
    assert torch.equal(model(y, A, initial), model(y, A))


def test_each_slice_of_a_batch_is_reconstructed_by_itself():
    model, one, two = tiny_model(), tiny_sample(1), tiny_sample(2)
    y = torch.cat([one.masked_kspace, 100 * two.masked_kspace])
    A = sense(torch.cat([one.mask, two.mask]), torch.cat([one.sens_maps, two.sens_maps]))
    both = model(y, A)
    torch.testing.assert_close(both[:1], model(one.masked_kspace, one.operator), rtol=1e-3, atol=1e-9)
    torch.testing.assert_close(both[1:], 100 * model(two.masked_kspace, two.operator), rtol=1e-3, atol=1e-7)


def test_residual_adds_the_input(sample):
    plain, residual = tiny_model(), tiny_model(residual=True)
    A, y = sample.operator, sample.masked_kspace
    torch.testing.assert_close(residual(y, A), plain(y, A) + A.H(y))
    assert torch.equal(weights(plain), weights(residual))


def test_input_is_the_adjoint_or_the_pseudo_inverse(sample):
    A, y = sample.operator, sample.masked_kspace
    assert torch.equal(tiny_model().initial(y, A), A.H(y))
    assert torch.equal(tiny_model(pinv_iterations=4).initial(y, A), A.pinv(y, iterations=4))


def test_published_input_is_the_root_sum_of_squares_of_the_parts(sample):
    coil_images = ifft2c(sample.masked_kspace)[0].numpy()
    expected = np.sqrt((coil_images.real**2).sum(0)) + 1j * np.sqrt((coil_images.imag**2).sum(0))
    found = tiny_model(fidelity="code").initial(sample.masked_kspace, sample.operator)
    np.testing.assert_allclose(found[0, 0], expected, rtol=1e-5)
    assert (part_rss(sample.masked_kspace).real >= 0).all()
    assert (part_rss(sample.masked_kspace).imag >= 0).all()


def test_half_precision_of_a_gpu_gives_a_complex_image(sample):
    """Under CUDA's autocast the U-Net returns bfloat16, of which there are no complex numbers."""
    model = tiny_model()
    expected = model(sample.masked_kspace, sample.operator)
    model.unet.register_forward_hook(lambda network, arguments, output: output.bfloat16())
    image = model(sample.masked_kspace, sample.operator)
    assert image.dtype == torch.complex64
    assert (image - expected).abs().max() < 0.01 * expected.abs().max()


def test_build_makes_what_is_described():
    model = build({"name": "unet", "chans": 4, "num_pool_layers": 2, "residual": True})
    assert isinstance(model, UnetReconstructor)
    assert model.residual
    assert parameters(model) == parameters(tiny_model())


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ({"name": "resnet"}, f"'resnet'.*{next(iter(ARCHITECTURES))}"),
        ({"chans": 4}, "model None"),
        ({"name": "unet", "channels": 4}, "unet.*channels"),
        ({"name": "unet", "chans": 4, "fidelity": "thesis"}, "fidelity.*'thesis'"),
        ({"name": "unet", "chans": 0}, "positive"),
    ],
)
def test_build_refuses_what_it_does_not_know(architecture, message):
    with pytest.raises(ValueError, match=message):
        build(architecture)


def test_a_reconstructor_has_to_say_what_it_computes(sample):
    with pytest.raises(NotImplementedError):
        Reconstructor()(sample.masked_kspace, sample.operator)
    with pytest.raises(NotImplementedError):
        Reconstructor()(sample.masked_kspace, sample.operator, sample.reference)


def test_a_setting_that_is_a_module_is_refused_by_name():
    with pytest.raises(ValueError, match=r"model 'unet': fidelity is <module.*expected a number, a text or a list"):
        describe("unet", {"chans": 8, "fidelity": math})
