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
from mrilib.train.checkpoints import read_card, save_weights
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


def test_stored_weights_that_cannot_be_used_are_not_silently_replaced():
    path = cache_path(SPEC)
    save_weights(path, tiny_model(), {"architecture": SPEC.architecture, "data_digest": "of another day"})
    with pytest.raises(WeightsError, match="trained on data of another day"):
        network(SPEC)
    save_weights(path, tiny_model(), {"architecture": SPEC.architecture, "data_digest": SPEC.data_digest})
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="corrupted"):
        network(SPEC)


def test_slices_are_prepared_once():
    slices = dataset("tiny", "test", 2, 2)
    assert len(slices) == 2
    assert slices[1] is slices[1]
    assert slices[0].mask.float().mean() == pytest.approx(0.5, abs=0.2)


def test_every_slice_gets_a_score():
    scores = ssim_without_ttt(tiny_model(), dataset("tiny", "test", 2, 2))
    assert len(scores) == 2
    assert all(-1 < score < 1 for score in scores)
