"""VarNet: fastMRI's and paper A's to the last key and digit, and the shortcuts that make it fast."""

import warnings

import numpy as np
import pytest
import torch
from laws import check_adjoint, check_linear
from tiny_slices import seed_weights, tiny_model, tiny_sample
from torch import nn

from mrilib import ttt
from mrilib.coils import rss
from mrilib.linop import Fourier, Sensitivity, sense
from mrilib.models.build import WeightsError, build
from mrilib.models.channels import margins, to_channels, to_image
from mrilib.models.varnet import FoldedCoils, NormUnet, SensitivityModel, VarNet, VarNetReconstructor
from mrilib.train.checkpoints import fill, load_weights, save_weights
from mrilib.train.objectives import OBJECTIVES

# fastMRI 0.3.0, fastmri.models.VarNet(2, 3, 2, 4, 2); weights and measurements from numpy's default_rng
FASTMRI = {
    (0, 0, 0): 2.758897,
    (0, 17, 22): 1.407544,
    (0, 35, 44): 1.844631,
    (1, 3, 40): 4.121347,
    (1, 20, 20): 2.126635,
}
FASTMRI_SUM = 7162.192
# the published cascades of paper A (one virtual coil), of the same size, weights and measurements
PUBLISHED = {
    (0, 0, 0): 0.756686 + 0.587294j,
    (0, 17, 22): -0.088944 + 0.880351j,
    (0, 35, 44): 0.341776 - 0.223542j,
    (1, 3, 40): 0.911871 + 1.238794j,
    (1, 20, 20): 0.288006 + 0.786828j,
}
PUBLISHED_SUM = 4323.347


class Nothing(nn.Module):
    """A network that finds nothing to remove."""

    def forward(self, image):
        return torch.zeros_like(image)


def columns():
    """Two different masks of 45 columns, with fully sampled centres of 8 and 4 lines."""
    mask = torch.zeros(2, 1, 1, 45, dtype=torch.bool)
    mask[0, ..., 1::3] = mask[1, ..., ::2] = True
    mask[0, ..., 18:27] = mask[1, ..., 20:25] = True
    return mask


def measured(shape=(2, 3, 36, 45), seed=5):
    random = np.random.default_rng(seed)
    values = random.standard_normal(shape) + 1j * random.standard_normal(shape)
    return torch.from_numpy(values).to(torch.complex64) * columns()


def tiny_varnet(seed=3, **settings):
    with torch.random.fork_rng(devices=[]):
        settings = {"num_cascades": 2, "chans": 4, "num_pool_layers": 2} | settings
        return seed_weights(VarNetReconstructor(**settings), seed).eval()


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def test_varnet_gives_the_output_of_fastmri():
    with torch.no_grad():
        output = seed_weights(VarNet(2, 3, 2, 4, 2), 3)(measured(), columns())
    assert output.shape == (2, 1, 36, 45)
    assert {place: output[place[0], 0][place[1:]].item() for place in FASTMRI} == pytest.approx(FASTMRI, abs=2e-5)
    assert output.sum().item() == pytest.approx(FASTMRI_SUM, rel=1e-5)


def test_weights_of_the_installed_fastmri_load_and_give_its_output():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pytest.importorskip("fastmri.models.varnet", exc_type=ImportError)
    with torch.random.fork_rng(devices=[]):
        network, ours = theirs.VarNet(2, 3, 3, 4, 3).eval(), VarNet(2, 3, 3, 4, 3).eval()
    ours.load_state_dict(network.state_dict())
    y, mask = measured(), columns()
    with torch.no_grad():
        for lines in (None, 6):
            expected = network(torch.view_as_real(y), mask[..., None], lines)[:, None]
            assert (ours(y, mask, lines) - expected).abs().max() < 1e-5 * expected.abs().max()


def test_the_published_number_of_parameters():
    with torch.device("meta"):
        assert parameters(VarNet()) == 29_936_966
        assert parameters(VarNet(8, 8, 4, 12, 4)) == 9_212_090
        assert parameters(VarNetReconstructor()) == 29_452_068
        assert parameters(VarNetReconstructor(fidelity="code")) == 29_452_068
        assert parameters(VarNetReconstructor(sens_maps="network")) == 29_936_966


def test_the_keys_of_fastmri():
    inside = [f"norm_unet.unet.{name}" for name in NormUnet(3, 2).unet.state_dict()]
    cascade = ["dc_weight", *(f"model.unet.{name}" for name in NormUnet(4, 2).unet.state_dict())]
    expected = {f"sens_net.{name}" for name in inside} | {f"cascades.{k}.{name}" for k in (0, 1) for name in cascade}
    assert set(VarNet(2, 3, 2, 4, 2).state_dict()) == expected
    without = {name for name in expected if name.startswith("cascades")}
    assert set(tiny_varnet().state_dict()) == set(tiny_varnet(fidelity="code").state_dict()) == without


def test_published_weights_load_with_their_constants_and_give_the_published_output():
    model = tiny_varnet(seed=1, fidelity="code")
    tensors = dict(tiny_varnet(seed=3).state_dict())
    tensors |= {f"cascades.{k}.zero": torch.zeros(1, 1, 1, 1, 1) for k in range(2)}
    tensors["ssim_loss.w"] = torch.ones(1, 1, 7, 7) / 49
    assert str(model.load_state_dict(tensors)) == "<All keys matched successfully>"
    with torch.no_grad():
        image = model(measured(), sense(columns(), measured() + 1))
    found = {place: image[place[0], 0][place[1:]].item() for place in PUBLISHED}
    assert found == pytest.approx(PUBLISHED, abs=2e-5)
    assert image.abs().sum().item() == pytest.approx(PUBLISHED_SUM, rel=1e-5)
    with pytest.raises(RuntimeError, match=r"cascades\.0\.zero"):
        tiny_varnet().load_state_dict(tensors)
    with pytest.raises(RuntimeError, match=r"cascades\.0\.one"):
        model.load_state_dict(tensors | {"cascades.0.one": torch.ones(1)})


@pytest.mark.parametrize("rows", [1, 36])
@pytest.mark.parametrize("width", [45, 44])
def test_folded_coils_are_f_s_where_the_mask_measures(rows, width):
    mask, maps = columns()[..., :width].expand(-1, -1, rows, -1), measured()[..., :width].to(torch.complex128)
    A = FoldedCoils(sense(mask, maps))
    check_adjoint(A, (2, 1, 36, width), (2, 3, 36, width))
    check_linear(A, (2, 1, 36, width), (2, 3, 36, width))
    x = measured((2, 1, 36, 45), 6)[..., :width].to(torch.complex128)
    kspace = (Fourier() @ Sensitivity(maps))(x)
    torch.testing.assert_close(A.enter(kspace * mask), A(x) * mask)
    torch.testing.assert_close(rss(A.coil_images(A(x))), rss(maps * x))


def test_a_mask_of_columns_and_one_of_pixels_give_the_same(sample):
    model, y, mask = tiny_varnet(), sample.masked_kspace, sample.mask
    short = model(y, sense(mask, sample.sens_maps))
    long = model(y, sense(mask.expand(-1, -1, y.shape[-2], -1), sample.sens_maps))
    torch.testing.assert_close(short, long, rtol=1e-3, atol=1e-5 * short.abs().max().item())


def test_without_networks_the_measurements_stay(sample):
    model = tiny_varnet()
    for cascade in model.cascades:
        cascade.model = Nothing()
    expected = sample.operator.H(sample.masked_kspace)
    torch.testing.assert_close(model(sample.masked_kspace, sample.operator), expected)


@pytest.mark.parametrize("settings", [{}, {"sens_maps": "network"}, {"fidelity": "code"}])
def test_reconstruction_is_equivariant_to_scale(sample, settings):
    model, A, y = tiny_varnet(**settings), sample.operator, sample.masked_kspace
    image = model(y, A)
    assert image.shape == sample.target.shape
    assert image.is_complex()
    torch.testing.assert_close(model(512.0 * y, A), 512.0 * image, rtol=1e-4, atol=0)
    initial = model.initial(y, A)
    assert initial.shape == image.shape
    assert not initial.requires_grad
    assert torch.equal(model(y, A, initial), image)


@pytest.mark.parametrize("settings", [{}, {"sens_maps": "network"}, {"fidelity": "code"}])
def test_gradients_reach_every_weight_but_the_first_data_consistency(sample, settings):
    model = tiny_varnet(**settings)
    OBJECTIVES["joint"](model, sample, "magnitude", torch.Generator()).backward()
    still = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    assert still == ["cascades.0.dc_weight"], "k − y is zero in the first cascade"


def test_it_learns_at_test_time(sample):
    settings = ttt.Settings(learning_rate=1e-3, max_iterations=6)
    record = ttt.test_time_train(tiny_varnet(), sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    assert record.history.train_error[-1] < record.history.train_error[0]
    assert record.image.shape == sample.target.shape


def test_coil_maps_of_the_network_have_unit_norm():
    maps = seed_weights(SensitivityModel(3, 2))(measured(), columns()).detach()
    torch.testing.assert_close(rss(maps), torch.ones(2, 1, 36, 45))


def test_only_the_centre_reaches_the_coil_maps():
    network, y, mask = seed_weights(SensitivityModel(3, 2)), measured(), columns()
    changed = y.clone()
    changed[..., :18] = 0
    assert torch.equal(network(changed, mask), network(y, mask))
    changed[0, ..., 20] = 0
    assert not torch.equal(network(changed, mask), network(y, mask))


def test_channels_and_image_are_the_same_numbers():
    image = measured((2, 1, 36, 45))
    channels = to_channels(image)
    assert channels.shape == (2, 2, 36, 45)
    assert torch.equal(channels[:, :1], image.real)
    assert torch.equal(to_image(channels), image)
    assert margins(image, 16) == [1, 2, 6, 6]
    assert margins(image[..., :32, :16], 16) == [0, 0, 0, 0]


def test_half_precision_of_a_gpu_gives_a_complex_image(sample):
    model = tiny_varnet()
    expected = model(sample.masked_kspace, sample.operator)
    for cascade in model.cascades:
        cascade.model.unet.register_forward_hook(lambda network, arguments, output: output.bfloat16())
    image = model(sample.masked_kspace, sample.operator)
    assert image.dtype == torch.complex64
    assert (image - expected).abs().max() < 0.02 * expected.abs().max()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sens_maps": "bart"}, "sens_maps must be 'espirit' or 'network', got 'bart'"),
        ({"fidelity": "thesis"}, "fidelity must be 'paper' or 'code', got 'thesis'"),
        ({"fidelity": "code", "sens_maps": "network"}, "one virtual coil"),
        ({"num_cascades": 0}, "num_cascades must be positive"),
        ({"pools": 4}, "varnet.*pools"),
    ],
)
def test_options_that_do_not_exist_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build({"name": "varnet", **settings})


def test_another_operator_is_refused(sample):
    composed = Fourier() @ Sensitivity(sample.sens_maps)
    with pytest.raises(ValueError, match=r"linop\.sense, got Composition"):
        tiny_varnet()(sample.masked_kspace, composed)


def test_weights_of_another_architecture_are_refused(tmp_path):
    architecture = {"name": "varnet", "num_cascades": 2, "chans": 4, "num_pool_layers": 2}
    path = tmp_path / "varnet.safetensors"
    save_weights(path, tiny_varnet(), {"architecture": architecture})
    assert isinstance(load_weights(path), VarNetReconstructor)
    for model in (tiny_model(), tiny_varnet(num_cascades=3), tiny_varnet(chans=5), tiny_varnet(sens_maps="network")):
        with pytest.raises(WeightsError, match="another architecture"):
            fill(model, tiny_varnet().state_dict(), path)
    save_weights(path, tiny_model(), {"architecture": architecture})
    with pytest.raises(WeightsError, match="another architecture"):
        load_weights(path)
