"""Weights and checkpoints: what is stored comes back, and what cannot be used gives one clear line."""

import json
import pickle

import pytest
import torch
from tiny_slices import tiny_model, weights

from mrilib.models.build import WeightsError
from mrilib.store.sealed import sealed
from mrilib.train.checkpoints import (
    fill,
    fits_half,
    load_checkpoint,
    load_weights,
    read_card,
    save_checkpoint,
    save_weights,
)

CARD = {"architecture": {"name": "unet", "chans": 4, "num_pool_layers": 2}, "data_digest": "abc", "note": "Füße"}


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "new folder ü" / "net.safetensors"
    save_weights(path, tiny_model(), CARD)
    return path


def edit_card(path, **changes):
    card = {**read_card(path), **changes}
    kept = {name: value for name, value in card.items() if value is not None}
    path.with_suffix(".json").write_text(json.dumps(sealed(kept)), encoding="utf-8")


def one_line(error):
    text = str(error.value)
    assert "\n" not in text.strip()
    assert "net." in text  # the file is named
    return text


def test_weights_and_provenance_come_back(stored):
    model = load_weights(stored, data_digest="abc")
    assert torch.equal(weights(model), weights(tiny_model()))
    assert not model.training
    card = read_card(stored)
    assert card.pop("sha256")
    assert card.pop("checksum")
    assert card == CARD
    assert sorted(path.name for path in stored.parent.iterdir()) == ["net.json", "net.safetensors"]


def test_the_file_holds_no_pickle(stored):
    assert load_weights(stored)
    with pytest.raises(pickle.UnpicklingError):
        pickle.loads(stored.read_bytes())  # noqa: S301


def test_half_precision_halves_the_file_and_comes_back_in_float32(stored):
    whole = stored.stat().st_size
    save_weights(stored, tiny_model(), CARD, half=True)
    assert stored.stat().st_size < 0.7 * whole  # the header does not shrink
    found = weights(load_weights(stored))
    assert found.dtype == torch.float32
    assert torch.equal(found, weights(tiny_model()).half().float())


def test_training_data_must_be_the_recorded_ones(stored):
    with pytest.raises(WeightsError, match="trained on data abc, but this experiment's data are xyz") as error:
        load_weights(stored, data_digest="xyz")
    assert "mrilib train" in one_line(error)


@pytest.mark.parametrize("change", [{"chans": 6}, {"num_pool_layers": 3}, {"name": "varnet-of-tomorrow"}, {"width": 4}])
def test_weights_of_another_architecture(stored, change):
    edit_card(stored, architecture={**CARD["architecture"], **change})
    with pytest.raises(WeightsError, match="another architecture") as error:
        load_weights(stored)
    one_line(error)


@pytest.mark.parametrize("position", [3, 200, -1])
def test_a_flipped_byte_is_noticed(stored, position):
    content = bytearray(stored.read_bytes())
    content[position] ^= 1
    stored.write_bytes(content)
    with pytest.raises(WeightsError, match=r"net\.safetensors: corrupted.*SHA-256") as error:
        load_weights(stored)
    one_line(error)


@pytest.mark.parametrize("size", [0, 100, -10])
def test_a_truncated_file_is_noticed(stored, size):
    stored.write_bytes(stored.read_bytes()[:size])
    with pytest.raises(WeightsError, match="corrupted") as error:
        load_weights(stored)
    one_line(error)


def test_a_foreign_file_with_its_right_digest_is_noticed(stored):
    import hashlib

    stored.write_bytes(b"not safetensors at all")
    edit_card(stored, sha256=hashlib.sha256(stored.read_bytes()).hexdigest())
    with pytest.raises(WeightsError, match="not a safetensors file") as error:
        load_weights(stored)
    one_line(error)


def test_missing_weights(stored):
    stored.unlink()
    with pytest.raises(WeightsError, match=r"net\.safetensors: weights not found.*mrilib train"):
        load_weights(stored)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "not found"),
        (b"", "not a complete file"),
        (b'{"architecture": ', "not a complete file"),
        (b"\xff\xfe\x00", "not a complete file"),
        (b"[1, 2]", "not a complete file"),
        (b"null", "not a complete file"),
        (b"[" * 100_000, "not a complete file"),
        (b'{"architecture": {"name": "unet"}}', "lacks sha256"),
        (b'{"architecture": [3], "sha256": ""}', "another architecture"),
    ],
)
def test_the_json_beside_the_weights(stored, content, message):
    card = stored.with_suffix(".json")
    card.unlink() if content is None else card.write_bytes(content)
    with pytest.raises(WeightsError, match=message) as error:
        load_weights(stored)
    assert "net.json" in one_line(error)


def test_a_card_with_a_flipped_digit_is_noticed(stored):
    card = stored.with_suffix(".json")
    card.write_text(card.read_text().replace('"chans": 4', '"chans": 5'))
    with pytest.raises(WeightsError, match=r"net\.json: damaged.*fetch or train") as error:
        load_weights(stored)
    one_line(error)


def test_a_card_of_an_older_version_without_a_checksum_is_read(stored):
    card = json.loads(stored.with_suffix(".json").read_text())
    del card["checksum"]
    stored.with_suffix(".json").write_text(json.dumps(card))
    assert torch.equal(weights(load_weights(stored)), weights(tiny_model()))


def test_a_card_must_have_what_its_reader_needs(stored):
    assert read_card(stored, ("note",))["note"] == "Füße"
    with pytest.raises(WeightsError, match=r"net\.json: lacks spec; fetch or train"):
        read_card(stored, ("spec", "note"))


def test_a_weight_beyond_half_precision_is_refused_and_nothing_is_written(tmp_path):
    model = tiny_model()
    with torch.no_grad():
        next(model.parameters()).flatten()[0] = 65_504.0
    save_weights(tmp_path / "most.safetensors", model, CARD, half=True)
    assert weights(load_weights(tmp_path / "most.safetensors")).max() == 65_504
    with torch.no_grad():
        next(model.parameters()).flatten()[0] = -70_000.0
    assert not fits_half(model)
    with pytest.raises(ValueError, match=r"net\.safetensors: a weight is beyond ±65504, .*store it in full"):
        save_weights(tmp_path / "net.safetensors", model, CARD, half=True)
    assert not list(tmp_path.glob("net*"))
    save_weights(tmp_path / "net.safetensors", model, CARD)
    assert weights(load_weights(tmp_path / "net.safetensors")).min() == -70_000


def test_fill_copies_nothing_of_another_network():
    small, large = tiny_model(), tiny_model(seed=1, pinv_iterations=2)
    fill(small, large.state_dict(), "net.x")
    assert torch.equal(weights(small), weights(large))
    before = weights(small)
    state = large.state_dict()
    state.pop(next(iter(state)))
    with pytest.raises(WeightsError, match=r"net\.x.*lacks"):
        fill(small, state, "net.x")
    with pytest.raises(WeightsError, match="has extra"):
        fill(small, {**small.state_dict(), "extra": torch.zeros(1)}, "net.x")
    assert torch.equal(weights(small), before)


@pytest.fixture
def training(tmp_path):
    """A network after two steps of Adam, its optimizer, and their checkpoint."""
    model = tiny_model()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(2):
        step(model, optimizer)
    path = tmp_path / "net.checkpoint"
    save_checkpoint(path, model, optimizer, {"losses": [0.5, 0.25]})
    return model, optimizer, path


def step(model, optimizer):
    optimizer.zero_grad()
    sum((parameter**2).sum() for parameter in model.parameters()).backward()
    optimizer.step()


def test_a_checkpoint_restores_weights_moments_and_progress(training):
    model, optimizer, path = training
    other = tiny_model(seed=5)
    resumed = torch.optim.Adam(other.parameters(), lr=1e-2)
    assert load_checkpoint(path, other, resumed) == {"losses": [0.5, 0.25]}
    for _ in range(3):
        step(model, optimizer)
        step(other, resumed)
    assert torch.equal(weights(model), weights(other))


def test_a_checkpoint_from_before_the_first_step(tmp_path):
    path = tmp_path / "net.checkpoint"
    model = tiny_model()
    save_checkpoint(path, model, torch.optim.Adam(model.parameters()), {"losses": []})
    other = tiny_model(seed=5)
    assert load_checkpoint(path, other, torch.optim.Adam(other.parameters())) == {"losses": []}
    assert torch.equal(weights(model), weights(other))


@pytest.mark.parametrize("damage", ["truncated", "empty", "header", "a name", "a moment", "a loss", "no progress"])
def test_an_unusable_checkpoint(training, damage):
    model, optimizer, path = training
    content = before_damage = path.read_bytes()
    if damage == "no progress":
        save_weights(path.with_suffix(".safetensors"), model, CARD)
        content = path.with_suffix(".safetensors").read_bytes()
    flipped = bytearray(content)
    flipped[-3] ^= 1
    broken = {
        "truncated": content[:-7],
        "empty": b"",
        "header": b"\xff" + content[1:],
        "a name": content.replace(b"optimizer.0.exp_avg_sq", b"optimizer.0.exp_avg_sr"),
        "a moment": bytes(flipped),
        "a loss": content.replace(b"0.25", b"0.35"),
    }
    path.write_bytes(broken.get(damage, content))
    assert damage == "no progress" or broken[damage] != before_damage
    before = weights(model)
    with pytest.raises(WeightsError, match=r"net\.checkpoint: .*delete this checkpoint to start over") as error:
        load_checkpoint(path, model, optimizer)
    one_line(error)
    assert torch.equal(weights(model), before)


def test_a_checkpoint_of_another_network(training):
    model = tiny_model(residual=True)
    model.unet.conv = torch.nn.Identity()
    with pytest.raises(WeightsError, match=r"net\.checkpoint: weights of another architecture"):
        load_checkpoint(training[2], model, torch.optim.Adam(model.parameters()))
