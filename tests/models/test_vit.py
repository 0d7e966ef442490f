"""The vision transformer: published keys, sizes and output; what it promises as a reconstructor."""

import numpy as np
import pytest
import torch
from tiny_slices import seed_weights, tiny_model, tiny_sample

from mrilib import ttt
from mrilib.models.build import WeightsError, build
from mrilib.models.vit import Vit, VitReconstructor
from mrilib.train.checkpoints import fill, load_weights, save_weights
from mrilib.train.objectives import OBJECTIVES

# The formulas of paper B's repository (models/vision_transformer.py, no gated attention), written out on the same
# weights; weights and input from numpy's default_rng
PUBLISHED = {
    (0, 0, 0, 0): -0.555061,
    (0, 1, 10, 9): -2.361362,
    (0, 2, 19, 27): -1.764714,
    (1, 0, 3, 12): 1.762654,
    (1, 2, 17, 5): 3.204361,
}
PUBLISHED_SUM = 4873.590
TINY = {"dim": 12, "depth": 2, "heads": 3, "patch": 4, "image_size": 24}


def noise(*shape, seed=8):
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape)).float()


def tiny_vit(seed=3, **settings):
    with torch.random.fork_rng(devices=[]):
        return seed_weights(VitReconstructor(**(TINY | settings)), seed).eval()


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def test_the_published_output():
    with torch.no_grad():
        output = seed_weights(Vit(2, 3, **TINY), 3)(noise(2, 2, 20, 28))
    assert output.shape == (2, 3, 20, 28)
    assert {place: output[place].item() for place in PUBLISHED} == pytest.approx(PUBLISHED, abs=2e-5)
    assert output.abs().sum().item() == pytest.approx(PUBLISHED_SUM, rel=1e-5)


def test_the_published_keys():
    block = ("norm1.weight", "norm1.bias", "attn.qkv.weight", "attn.proj.weight", "attn.proj.bias", "norm2.weight")
    block += ("norm2.bias", "mlp.fc1.weight", "mlp.fc1.bias", "mlp.fc2.weight", "mlp.fc2.bias")
    expected = {"patch_embed.proj.weight", "patch_embed.proj.bias", "pos_embed", "norm.weight", "norm.bias"}
    expected |= {"head.weight", "head.bias"} | {f"blocks.{k}.{name}" for k in range(2) for name in block}
    assert set(Vit(1, 1, **TINY).state_dict()) == expected


@pytest.mark.parametrize(("dim", "depth", "heads", "count"), [(396, 4, 9, 8_029_000), (1024, 10, 16, 127_188_068)])
def test_the_published_number_of_parameters(dim, depth, heads, count):
    with torch.device("meta"):
        assert sum(p.numel() for p in Vit(1, 1, dim, depth, heads).parameters()) == count


def test_vit_s_is_the_default():
    with torch.device("meta"):
        found = {name: p.shape for name, p in VitReconstructor().named_parameters()}
    assert found["vit.pos_embed"] == (1, 396, 32, 32)
    assert found["vit.patch_embed.proj.weight"] == (396, 2, 10, 10)
    assert found["vit.head.weight"] == (200, 396)


@pytest.mark.parametrize("shape", [(4, 4), (21, 18), (33, 7), (24, 24)])
def test_any_size(shape):
    assert Vit(1, 3, **TINY)(noise(2, 1, *shape)).shape == (2, 3, *shape)


def test_size_is_filled_up_with_zeros_on_both_sides():
    network, image = seed_weights(Vit(1, 1, **TINY)), noise(1, 1, 22, 24)
    padded = torch.nn.functional.pad(image, [0, 0, 1, 1])
    torch.testing.assert_close(network(padded)[..., 1:-1, :], network(image))


def test_without_position_attention_does_not_see_where_a_patch_lies():
    network, image = seed_weights(Vit(1, 1, **TINY)), noise(1, 1, 24, 24)
    moved = image.roll((4, 8), (-2, -1))
    assert not torch.allclose(network(moved), network(image).roll((4, 8), (-2, -1)), atol=1e-2)
    torch.nn.init.zeros_(network.pos_embed)
    torch.testing.assert_close(network(moved), network(image).roll((4, 8), (-2, -1)), rtol=1e-4, atol=1e-4)


def test_every_patch_reaches_every_other():
    network, image = seed_weights(Vit(1, 1, **TINY)), noise(1, 1, 24, 24).requires_grad_()
    (gradient,) = torch.autograd.grad(network(image)[0, 0, 0, 0], image)
    assert (gradient != 0).all()


@pytest.mark.parametrize("settings", [{}, {"residual": True}, {"pinv_iterations": 3}, {"fidelity": "code"}])
def test_reconstruction_is_equivariant_to_scale(sample, settings):
    model, A, y = tiny_vit(**settings), sample.operator, sample.masked_kspace
    image = model(y, A)
    assert image.shape == sample.target.shape
    assert image.is_complex()
    torch.testing.assert_close(model(512.0 * y, A), 512.0 * image, rtol=1e-4, atol=0)
    assert torch.equal(model.initial(y, A), tiny_model(**settings).initial(y, A)), "the U-Net's input"


def test_gradients_reach_every_weight(sample):
    model = tiny_vit()
    OBJECTIVES["joint"](model, sample, "magnitude", torch.Generator()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


def test_it_learns_at_test_time(sample):
    settings = ttt.Settings(learning_rate=1e-3, max_iterations=6)
    record = ttt.test_time_train(tiny_vit(), sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    assert record.history.train_error[-1] < record.history.train_error[0]


def test_what_is_in_no_weight_is_in_the_name_of_caches():
    assert repr(tiny_vit(heads=2)) != repr(tiny_vit())
    assert repr(tiny_vit(residual=True)) != repr(tiny_vit())


def test_initial_weights_repeat_and_are_small():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        network = Vit(2, 2, **(TINY | {"dim": 96}))
    assert 0.015 < network.pos_embed.std() < 0.025
    assert 0.015 < network.blocks[1].mlp.fc1.weight.std() < 0.025
    assert not network.blocks[0].attn.proj.bias.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dim": 10, "heads": 3}, "dim a multiple of heads.*dim 10, depth 2, heads 3"),
        ({"depth": 0}, "must be positive"),
        ({"image_size": 3}, "image_size at least patch"),
        ({"fidelity": "thesis"}, "fidelity must be 'paper' or 'code', got 'thesis'"),
        ({"chans": 8}, "vit.*chans"),
    ],
)
def test_options_that_do_not_exist_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        build({"name": "vit", **TINY, **settings})


def test_weights_of_another_architecture_are_refused(tmp_path):
    path = tmp_path / "vit.safetensors"
    save_weights(path, tiny_vit(), {"architecture": {"name": "vit", **TINY}})
    assert isinstance(load_weights(path), VitReconstructor)
    for model in (tiny_model(), tiny_vit(depth=1), tiny_vit(image_size=32)):
        with pytest.raises(WeightsError, match="another architecture"):
            fill(model, tiny_vit().state_dict(), path)
    save_weights(path, tiny_vit(), {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}})
    with pytest.raises(WeightsError, match="another architecture"):
        load_weights(path)
