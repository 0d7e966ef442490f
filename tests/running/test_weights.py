"""Shipped weights are what their cards say, and score what was recorded."""

import json
import shutil

import numpy as np
import pytest
import torch
from records import record, section

from mrilib.cli import main
from mrilib.data.catalogue import SHIFTS
from mrilib.models.build import WeightsError
from mrilib.running.parameters import networks_of
from mrilib.running.weights import groups, shipped
from mrilib.store.sealed import sealed
from mrilib.train.checkpoints import load_weights, read_card
from mrilib.train.networks import SHIPPED, by_name, stored, validation_ssim

VARNET_SHIFTS = ("anatomy",)  # the others take an hour to train
NAMES = sorted(path.stem for path in SHIPPED.glob("*.safetensors"))


@pytest.mark.parametrize(("profile", "shifts"), [("quick", tuple(SHIFTS)), ("varnet", VARNET_SHIFTS)])
def test_the_quick_profiles_find_every_network(profile, shifts):
    four = (networks_of(section("04"), record("04", profile, shift=shift)) for shift in shifts)
    for spec in (spec for group in four for spec in group):
        path = stored(spec)
        assert path is not None, f"{spec.name} is not shipped: mrilib train --all --output mrilib/weights"
        assert path.parent == SHIPPED


def test_every_shipped_network_can_be_trained_again_once():
    specs = [spec for group in groups(shipped()) for spec in group]
    assert sorted(spec.name for spec in specs) == NAMES
    assert all(stored(spec) == SHIPPED / f"{spec.name}.safetensors" for spec in specs), "as its card says"


@pytest.fixture
def package(monkeypatch, tmp_path):
    """A copy of two shipped networks in place of all."""
    for name in NAMES[:2]:
        for suffix in (".safetensors", ".json"):
            shutil.copy(SHIPPED / f"{name}{suffix}", tmp_path)
    for module in ("train.networks", "running.weights"):
        monkeypatch.setattr(f"mrilib.{module}.SHIPPED", tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", [["networks"], ["train", "--all"]], ids=" ".join)
@pytest.mark.parametrize("content", [[1], {"architecture": {}, "sha256": ""}, {"spec": 3}, {"spec": {}}], ids=str)
def test_a_card_without_a_specification_is_named_in_one_line(package, capsys, command, content):
    card = package / f"{NAMES[0]}.json"
    filled = {"architecture": {}, "sha256": "", "parameters": 1} | content if isinstance(content, dict) else content
    card.write_text(json.dumps(sealed(filled) if isinstance(filled, dict) else filled))
    assert main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"mrilib: error: {card}: ")
    assert error.count("\n") == 1


def test_they_are_small():
    assert sum(path.stat().st_size for path in SHIPPED.iterdir()) < 25e6


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_where_the_weights_come_from(name):
    card = read_card(SHIPPED / f"{name}.safetensors")
    assert card["data"] == "simulated"
    assert card["digest"]
    assert card["spec"]["train_slices"] > 0
    model = load_weights(SHIPPED / f"{name}.safetensors", card["data_digest"])
    assert sum(p.numel() for p in model.parameters()) == card["parameters"]
    assert all(torch.isfinite(p).all() for p in model.parameters())


@pytest.mark.parametrize("name", ["unet_joint_knee_pd_4x", "varnet_joint_brain_axt2_4x"])
def test_the_recorded_score_comes_out_again(name, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path_factory.mktemp("cache")))
    spec = {spec.name: spec for spec in shipped()}[name]
    assert np.isclose(validation_ssim(by_name(name), spec), read_card(stored(spec))["validation_ssim"], atol=2e-3)


def test_an_unknown_network_is_named_with_the_nearest():
    with pytest.raises(WeightsError, match="did you mean 'unet_joint_knee_pd_4x'"):
        by_name("unet_joint_knee_pd_4")


def test_other_settings_are_other_networks():
    spec = record("04", epochs=1).experiment.spec("joint", "P")
    assert stored(spec) is None
    assert json.dumps(spec.card)
