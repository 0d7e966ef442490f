"""Networks in fastMRI's files of weights: recognised, and applied as fastMRI's own code does, by `reconstruct`."""

import h5py
import numpy as np
import pytest
import torch
from command_line import refused
from tiny_slices import seed_weights

from mrilib.cli import main
from mrilib.data.volumes import write_volume
from mrilib.models.build import WeightsError
from mrilib.models.magnitude import EndToEndVarNet, FastmriUnet
from mrilib.models.reconstructor import UnetReconstructor
from mrilib.models.unet import Unet
from mrilib.models.varnet import VarNet, VarNetReconstructor
from mrilib.train.networks import by_name

ROWS, COLUMNS, KEPT = 80, 48, (40, 40)  # the readout is twice oversampled
# fastMRI 0.3.0: UnetDataTransform and Unet(1, 1, 4, 3); VarNet(2, 3, 3, 4, 2); weights and k-space as below
PLACES = ((0, 0), (7, 31), (20, 20), (39, 3))
GOLDEN = {
    "unet": (0.4636250, 0.4262267, 0.4347355, 0.4204076),
    "varnet": (0.6484017, 0.5922564, 0.5934888, 0.7041968),
}


def masked_kspace():
    """One slice of three coils, (3, 80, 48) complex64, of which every third column and nine in the centre are kept."""
    random = np.random.default_rng(11)
    ky, kx = np.mgrid[-ROWS // 2 : ROWS // 2, -COLUMNS // 2 : COLUMNS // 2]
    values = random.standard_normal((3, ROWS, COLUMNS)) + 1j * random.standard_normal((3, ROWS, COLUMNS))
    values = values * np.exp(-(ky**2 + kx**2) / 200)
    kept = np.zeros(COLUMNS, bool)
    kept[1::3] = kept[20:29] = True
    return (values * kept).astype(np.complex64)


def networks():
    with torch.random.fork_rng(devices=[]):
        return {"unet": seed_weights(Unet(1, 1, 4, 3), 3), "varnet": seed_weights(VarNet(2, 3, 3, 4, 2), 3)}


@pytest.fixture
def scan(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_volume(tmp_path / "scan.h5", masked_kspace()[None], recon_size=KEPT)
    return "scan.h5"


@pytest.mark.parametrize("prefix", ["", "module.", "model.unet."])
@pytest.mark.parametrize("inside", [None, "state_dict", "model_state_dict"])
@pytest.mark.parametrize("name", GOLDEN)
def test_reconstruct_gives_the_output_of_fastmri(scan, name, inside, prefix):
    tensors = {f"{prefix}{key}": value for key, value in networks()[name].state_dict().items()}
    torch.save(tensors if inside is None else {inside: tensors, "epoch": 3}, "weights.pt")
    assert main(["reconstruct", scan, "--network", "weights.pt", "-o", "out"]) == 0
    with h5py.File("out.h5") as file:
        image = file["network"][0]
    assert image.shape == KEPT
    expected = np.array(GOLDEN[name])
    assert np.abs([image[place] for place in PLACES] - expected).max() < 1e-5 * np.abs(image).max()


@pytest.mark.parametrize("name", GOLDEN)
def test_ttt_runs_on_it(scan, name):
    torch.save(networks()[name].state_dict(), "weights.pt")
    assert main(["reconstruct", scan, "--network", "weights.pt", "-o", "out", "--ttt"]) == 0
    with h5py.File("out.h5") as file:
        assert np.abs(file["network_ttt"][0] - file["network"][0]).max() > 0


def test_the_papers_networks_are_recognised(tmp_path):
    path = str(tmp_path / "weights.pt")
    for model in (UnetReconstructor(4, 3, fidelity="code"), VarNetReconstructor(2, 4, 2, fidelity="code")):
        own = {name.removeprefix("unet."): value for name, value in model.state_dict().items()}
        constants = {"ssim_loss.w": torch.ones(1)} if "cascades.0.dc_weight" in own else {}
        torch.save({"model_state_dict": own | constants}, path)
        found = by_name(path)
        assert (type(found), found.fidelity) == (type(model), "code")
        assert all(torch.equal(value, found.state_dict()[name]) for name, value in model.state_dict().items())


def test_sizes_are_read_from_the_shapes(tmp_path):
    path = str(tmp_path / "weights.pth")
    torch.save(networks()["varnet"].state_dict(), path)
    model = by_name(path)
    assert isinstance(model, EndToEndVarNet)
    assert not model.training
    torch.save(networks()["unet"].state_dict(), path)
    assert isinstance(by_name(path), FastmriUnet)


class Runs:
    """A pickle that would run code."""

    def __reduce__(self):
        return (print, ("this was run",))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"layer1.0.conv1.weight": torch.ones(2)}, "not a known network .* layer1.0.conv1.weight"),
        ({"epoch": 3}, "holds no named tensors"),
        (torch.ones(3), "expected a state dict, got Tensor"),
        ({"state_dict": {"a": Runs()}}, "not a file of tensors alone .* nothing in it was run"),
        (b"not a zip", "not a file of tensors alone"),
    ],
)
def test_what_is_not_a_known_network_is_refused(tmp_path, content, said, capsys):
    path = tmp_path / "weights.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(WeightsError, match=f"weights.pt: {said}"):
        by_name(str(path))
    assert "this was run" not in capsys.readouterr().out


def test_a_tensor_of_another_shape_is_named(scan, capsys):
    tensors = networks()["unet"].state_dict()
    tensors["conv.layers.0.weight"] = torch.ones(3, 3, 3, 3)
    torch.save(tensors, "weights.pt")
    said = refused(capsys, "reconstruct", scan, "--network", "weights.pt")
    assert "weights.pt: weights of another architecture (unet.conv.layers.0.weight is (3, 3, 3, 3)" in said
    assert "gone.pt: no such file" in refused(capsys, "reconstruct", scan, "--network", "gone.pt")
