"""Training on a folder of one's own: split by volume, refused where it cannot be, used by `reconstruct`."""

import re

import h5py
import numpy as np
import pytest
import torch
from command_line import refused
from tiny_slices import tiny_scan

from mrilib.cli import main
from mrilib.data.volumes import write_volume
from mrilib.simulate.acquisition import simulate_slice
from mrilib.store.sealed import seal
from mrilib.train.folder import RECIPES, folder_spec, split_volumes
from mrilib.train.networks import by_name

BRIEF = ["--epochs", "1", "--chans", "2", "--acceleration", "2"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Three volumes of two slices, one of another size."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    made = tmp_path / "scans"
    for number in range(3):
        kspace = np.stack([simulate_slice(tiny_scan(), 2 * number + one, 0.1).kspace for one in (0, 1)])
        write_volume(made / "sub" / f"scan_{number}.h5", kspace[..., 4:44] if number == 1 else kspace)
    return made


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_network_is_trained_and_reconstructs(folder, recipe, capsys):
    assert main(["train", "--data", "scans", "--recipe", recipe, *BRIEF]) == 0
    printed = capsys.readouterr().out
    assert "2 volumes to train on (4 slices), 1 for validation" in printed
    [weights] = folder.parent.glob("*.safetensors")
    assert f"mrilib reconstruct SCAN --network {weights.name}" in printed
    chosen = ["--slices", "0", "--center-fraction", "0.2"]
    assert main(["reconstruct", "scans/sub/scan_2.h5", "--network", weights.name, *chosen]) == 0
    with h5py.File("scan_2_mrilib.h5") as file:
        assert np.isfinite(file["network"][0]).all()


def test_the_same_seed_gives_the_same_weights_and_nothing_is_written_over(folder, capsys):
    for output in ("one", "two"):
        assert main(["train", "--data", "scans", *BRIEF, "--output", output]) == 0
    first, second = (by_name(str(next((folder.parent / name).glob("*.safetensors")))) for name in ("one", "two"))
    for name, value in first.state_dict().items():
        assert torch.equal(value, second.state_dict()[name])
    assert "already exists" in refused(capsys, "train", "--data", "scans", *BRIEF, "--output", "one")


def test_volumes_are_split_never_slices(folder):
    spec = folder_spec(folder, "magnitude", 4, 1, 2)
    training, validation = split_volumes(spec.volumes)
    assert [info.path.name for info in training] == ["scan_0.h5", "scan_1.h5"]
    assert [info.path.name for info in validation] == ["scan_2.h5"]
    twenty = list(range(20))
    assert split_volumes(twenty)[1] == [9, 19]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--data", "empty"], "empty: 0 volumes .* at least 2"),
        (["--data", "scans", "--recipe", "magic"], "recipe: expected one of supervised, joint"),
        (["--data", "scans", "--epochs", "0"], "epochs: expected int, at least 1"),
        (["--data", "scans", "--chans", "-1"], "chans: expected int, at least 1"),
        (["--data", "scans", "--shift", "anatomy"], "--data: trains one network"),
        (["--epochs", "3"], "--epochs: needs --data"),
    ],
)
def test_what_cannot_be_trained_is_refused(folder, arguments, said, capsys):
    (folder.parent / "empty").mkdir()
    assert re.search(said, refused(capsys, "train", *arguments))
    assert not list(folder.parent.glob("*.safetensors"))


@pytest.mark.parametrize(
    ("option", "value"), [("--output", "taken"), ("--output", "taken/below"), ("--device", "cpu:7")]
)
def test_what_cannot_be_used_is_found_before_the_training(folder, option, value, capsys, monkeypatch):
    (folder.parent / "taken").write_text("a file, not a folder")
    monkeypatch.setattr("mrilib.train.networks.fit", lambda *_, **__: pytest.fail("training began"))
    assert value in refused(capsys, "train", "--data", "scans", *BRIEF, option, value)


def test_weights_without_their_card_are_left_by_a_kill_and_made_again(folder, capsys):
    assert main(["train", "--data", "scans", *BRIEF]) == 0
    [weights] = folder.parent.glob("*.safetensors")
    content = weights.read_bytes()
    weights.with_suffix(".json").unlink()
    assert main(["train", "--data", "scans", *BRIEF]) == 0
    assert weights.read_bytes() == content
    assert weights.with_suffix(".json").exists()


def test_a_damaged_or_under_sampled_volume_is_named(folder, capsys):
    path = folder / "sub" / "scan_1.h5"
    content = path.read_bytes()
    path.write_bytes(content[:3000])
    assert "scan_1.h5" in refused(capsys, "train", "--data", "scans", *BRIEF)
    with h5py.File(path, "w") as file:
        file["kspace"] = np.ones((1, 2, 8, 8), np.complex64)
        file["mask"] = np.ones(8, bool)
    assert "scan_1.h5: under-sampled" in refused(capsys, "train", "--data", "scans", *BRIEF)


def test_a_volume_that_changed_since_its_checksum_is_named(folder, capsys):
    path = folder / "sub" / "scan_1.h5"
    seal(path)
    assert len(folder_spec(folder, "magnitude", 4, 1, 2).volumes) == 3
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1  # of k-space, whose headers are sound
    path.write_bytes(content)
    said = refused(capsys, "train", "--data", "scans", *BRIEF)
    assert re.search(r"scan_1\.h5: sha256 is .*, but scan_1\.h5\.sha256 says .*: changed", said)


def test_volumes_of_the_same_size_with_other_content_are_another_training(folder):
    """A stopped training went on with them, from the weights and moments of the volumes before."""
    path = folder / "sub" / "scan_0.h5"
    before, size = folder_spec(folder, "magnitude", 4, 1, 2).digest, path.stat().st_size
    kspace = np.stack([simulate_slice(tiny_scan(), one, 0.1).kspace for one in (8, 9)])
    write_volume(path, kspace, attributes={"patient_id": "scan_0"})
    assert path.stat().st_size == size
    assert folder_spec(folder, "magnitude", 4, 1, 2).digest != before


def test_weights_do_not_say_where_the_folder_was(folder):
    spec = folder_spec(folder, "magnitude", 4, 1, 2)
    before = spec.digest
    assert str(folder) not in str(spec.card)
    (folder.parent / "elsewhere").mkdir()
    moved = folder.rename(folder.parent / "elsewhere" / folder.name)
    assert folder_spec(moved, "magnitude", 4, 1, 2).digest == before
