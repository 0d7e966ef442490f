"""Trained networks: found where they lie, trained where they are not, stored with where they come from."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from tiny_networks import SPEC, small_world  # noqa: F401 (the fixture is used)
from tiny_slices import tiny_model, tiny_scan, weights

from mrilib.data import catalogue
from mrilib.models.build import WeightsError
from mrilib.train import networks
from mrilib.train.checkpoints import load_weights, read_card, save_weights
from mrilib.train.networks import (
    cache_path,
    dataset,
    network,
    ssim_without_ttt,
    stored,
    train,
    validation_ssim,
)


def test_a_network_is_trained_once(monkeypatch):
    assert stored(SPEC) is None
    first = network(SPEC)
    assert not first.training
    path = stored(SPEC)
    assert path == cache_path(SPEC)
    assert not list(path.parent.glob("*.checkpoint"))
    monkeypatch.setattr(networks, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert torch.equal(weights(network(SPEC)), weights(first))


def test_training_repeats_to_the_same_bits_and_leaves_the_global_random_state_alone(tmp_path):
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()[1].copy()
    paths = [train(SPEC, tmp_path / name) for name in ("a.safetensors", "b.safetensors")]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert (np.random.get_state()[1] == numpy_state).all()
    other = train(replace(SPEC, recipe=replace(SPEC.recipe, seed=5)), tmp_path / "c.safetensors")
    assert other.read_bytes() != paths[0].read_bytes()


def test_provenance_says_what_was_trained_on_what():
    card = read_card(train(SPEC, cache_path(SPEC)))
    assert card["digest"] == SPEC.digest
    assert card["data_digest"] == SPEC.data_digest
    assert card["spec"] == SPEC.card
    assert card["parameters"] == sum(parameter.numel() for parameter in tiny_model().parameters())
    first, last = card["loss_first_and_last_epoch"]
    assert last < first
    assert card["data"] == "simulated"


@pytest.mark.parametrize("half", [False, True])
def test_stored_weights_reproduce_their_recorded_score(half):
    path = train(SPEC, cache_path(SPEC), half=half)
    assert validation_ssim(network(SPEC), SPEC) == pytest.approx(read_card(path)["validation_ssim"], abs=1e-9)


def test_an_interrupted_training_goes_on(monkeypatch, tmp_path):
    def interrupted(step, *_):
        if step == 2:
            raise KeyboardInterrupt

    expected = train(SPEC, tmp_path / "uninterrupted.safetensors").read_bytes()
    monkeypatch.setattr(networks, "fit", partial(networks.fit, checkpoint_every=1))
    with pytest.raises(KeyboardInterrupt):
        network(SPEC, progress=interrupted)
    assert stored(SPEC) is None
    steps = []
    network(SPEC, progress=lambda step, *_: steps.append(step))
    assert steps == [2, 3, 4, 5, 6]
    assert cache_path(SPEC).read_bytes() == expected


def test_shipped_weights_come_first_if_they_are_of_this_specification(monkeypatch):
    networks.SHIPPED.mkdir()
    shipped = train(SPEC, networks.SHIPPED / f"{SPEC.name}.safetensors", half=True)
    assert stored(SPEC) == shipped
    assert stored(replace(SPEC, train_slices=2)) is None
    monkeypatch.setattr(networks, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert network(SPEC)


@pytest.mark.parametrize(
    "change",
    [
        {"train_slices": 4},
        {"acceleration": 4},
        {"distribution": "knee_pd"},
        {"architecture": {"name": "unet", "chans": 6}},
        {"recipe": replace(SPEC.recipe, epochs=3)},
        {"recipe": replace(SPEC.recipe, supervised_target="complex")},
    ],
)
def test_whatever_decides_the_weights_decides_the_digest(change):
    assert replace(SPEC, **change).digest != SPEC.digest
    assert cache_path(replace(SPEC, **change)) != cache_path(SPEC)


def test_other_training_data_give_another_digest(monkeypatch):
    before = SPEC.digest
    entry = replace(catalogue.distribution("tiny"), scan=tiny_scan("brain"))
    monkeypatch.setitem(catalogue.DISTRIBUTIONS, "tiny", entry)
    assert SPEC.digest != before


def test_names_are_readable():
    assert SPEC.name == "unet_joint_tiny_2x"
    recipe = replace(SPEC.recipe, loss="supervised", supervised_target="complex")
    assert replace(SPEC, recipe=recipe, acceleration=2.5).name == "unet_supervised_tiny_2.5x_complex"


def foreign(path):
    save_weights(path, tiny_model(seed=3), {"architecture": SPEC.architecture, "data_digest": SPEC.data_digest})


def flipped(path):
    content = bytearray(path.read_bytes())
    content[-2] ^= 4
    path.write_bytes(content)


def another_score(path):
    card = path.with_suffix(".json")
    card.write_text(card.read_text().replace('"validation_ssim": 0.', '"validation_ssim": 0.9'))


@pytest.mark.parametrize("damage", [foreign, flipped, another_score])
def test_damaged_weights_in_the_cache_are_trained_again_with_a_line(damage, recwarn):
    path = train(SPEC, cache_path(SPEC))
    content, card = path.read_bytes(), path.with_suffix(".json").read_bytes()
    damage(path)
    network(SPEC)
    said = [str(one.message) for one in recwarn]
    assert damage is foreign or len(said) == 1
    assert all("it will be trained again" in one and path.stem in one for one in said)
    assert (path.read_bytes(), path.with_suffix(".json").read_bytes()) == (content, card)


@pytest.mark.parametrize("damage", [flipped, another_score])
def test_damaged_weights_of_the_package_are_refused_by_name(damage, monkeypatch):
    networks.SHIPPED.mkdir()
    shipped = train(SPEC, networks.SHIPPED / f"{SPEC.name}.safetensors")
    damage(shipped)
    monkeypatch.setattr(networks, "fit", lambda *_, **__: pytest.fail("trained again"))
    with pytest.raises(WeightsError, match=rf"{SPEC.name}\.\w+: .*fetch or train"):
        network(SPEC)


def test_a_damaged_checkpoint_is_begun_again_with_a_line(tmp_path):
    expected = train(SPEC, tmp_path / "undisturbed.safetensors").read_bytes()
    checkpoint = cache_path(SPEC).with_suffix(".checkpoint")
    checkpoint.write_bytes(b"half a file")
    with pytest.warns(UserWarning, match=rf"{checkpoint.name}: .*; it is made again"):
        network(SPEC)
    assert cache_path(SPEC).read_bytes() == expected
    assert not checkpoint.exists()


def test_networks_trained_here_by_this_code_go_before_shipped_ones_of_other_code(library):
    networks.SHIPPED.mkdir()
    shipped = train(SPEC, networks.SHIPPED / f"{SPEC.name}.safetensors")
    trained = train(SPEC, cache_path(SPEC))
    assert stored(SPEC) == shipped
    recipe = library / "train" / "recipe.py"
    recipe.write_text(recipe.read_text().replace("torch.optim.Adam(", "torch.optim.SGD("))
    assert stored(SPEC) == shipped, "it stands until it is trained again"
    again = train(SPEC, cache_path(SPEC))
    assert again != trained
    assert stored(SPEC) == again


def test_other_code_is_another_training_and_leaves_shipped_weights(library):
    """Adam exchanged for SGD trains again; another network's lines do not."""
    before = SPEC.code, SPEC.digest
    vit, recipe = library / "models" / "vit.py", library / "train" / "recipe.py"
    vit.write_text(vit.read_text() + "\nCHANGED = 1\n")
    assert SPEC.code == before[0]
    recipe.write_text(recipe.read_text().replace("torch.optim.Adam(", "torch.optim.SGD("))
    assert SPEC.code != before[0]
    assert SPEC.digest == before[1], "which names shipped weights"
    assert before[0] in str(cache_path(SPEC)) or SPEC.code in str(cache_path(SPEC))


def test_weights_beyond_half_precision_are_kept_in_full(tmp_path, monkeypatch):
    def grown(model, *_, **__):
        with torch.no_grad():
            next(model.parameters()).flatten()[0] = 70_000.0
        return [1.0]

    monkeypatch.setattr(networks, "fit", grown)
    with pytest.warns(UserWarning, match=r"big\.safetensors: .*stored in full"):
        path = train(SPEC, tmp_path / "big.safetensors", half=True)
    assert weights(load_weights(path)).max() == 70_000


def test_slices_are_prepared_once():
    slices = dataset("tiny", "test", 2, 2)
    assert len(slices) == 2
    assert slices[1] is slices[1]
    assert slices[0].mask.float().mean() == pytest.approx(0.5, abs=0.2)


def test_every_slice_gets_a_score():
    scores = ssim_without_ttt(tiny_model(), dataset("tiny", "test", 2, 2))
    assert len(scores) == 2
    assert all(-1 < score < 1 for score in scores)
