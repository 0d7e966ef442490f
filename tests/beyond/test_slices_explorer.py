"""The explorer of slices without a browser: what is offered, what the page is sent, and what is said of bad files."""

import numpy as np
import pytest
import torch
from widget_parts import parts

from mrilib.beyond.from_simulation_to_scanner.explorer import folders, slices_explorer
from mrilib.data.catalogue import distribution
from mrilib.data.simulated import simulated_slices
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import read_slice, write_volume
from mrilib.figures.canvas import UNIT, Panel, WindowedImages
from mrilib.sampling import Undersampling
from mrilib.scoring import matched, reconstruct, slice_ssim
from mrilib.train.networks import by_name

BRAIN, KNEE = "unet_joint_brain_axt2_4x", "unet_joint_knee_pd_4x"


@pytest.fixture(scope="module")
def volumes(tmp_path_factory):
    """A folder with a volume of three slices, and one below it with a truncated file and a text."""
    folder = tmp_path_factory.mktemp("scans")
    slices = simulated_slices(distribution("brain_axt2"), "test", 3)
    kspace = torch.stack([read_slice(*one).kspace for one in slices])
    write_volume(folder / "brain.h5", kspace, attributes={"acquisition": "AXT2", "simulated": True})
    (folder / "bad").mkdir()
    (folder / "bad" / "cut.h5").write_bytes((folder / "brain.h5").read_bytes()[:20_000])
    (folder / "bad" / "text.h5").write_text("not a volume")
    return folder


def named(box):
    """Controls by their descriptions, the view and the images."""
    *controls, view, _, images = parts(box)
    return {control.description: control for control in controls}, view, images


def planes(images):
    content = images.content
    return np.frombuffer(content["pixels"], "<u2").reshape(-1, content["rows"], content["columns"]) / UNIT


def test_without_data_a_simulated_test_slice_is_there(monkeypatch):
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    controls, view, images = named(slices_explorer())
    assert controls["volume"].label == "file_sim_brain_axt2_050000.h5"
    assert "simulated, AXT2, 12 coils" in view.value
    assert [panel["error"] for panel in images.content["panels"]] == [False, False, False, True]


def test_the_page_gets_what_the_library_computes(volumes):
    controls, view, images = named(slices_explorer(volumes, KNEE))
    assert controls["slice"].max == 2
    assert controls["slice"].value == 1, "the middle"
    sample = SliceDataset([(volumes / "brain.h5", 1)], Undersampling(4))[0]
    image = reconstruct(by_name(KNEE), sample)
    target, shown = matched(sample, {KNEE: image})
    sent, white = planes(images), target.max()
    expected = {0: target / white, 2: shown[KNEE] / white, 3: (shown[KNEE] - target).abs() / white}
    for place, wanted in expected.items():
        np.testing.assert_allclose(sent[place], wanted[0, 0].clamp(0, 2), atol=1 / UNIT)
    score = slice_ssim(image, sample)[0]
    assert images.content["panels"][2]["caption"] == f"SSIM {score:.3f}"
    assert f"{KNEE} {score:.3f}." in view.value


def test_another_network_changes_its_image_and_error_only(volumes):
    controls, _, images = named(slices_explorer(volumes, KNEE))
    before = planes(images)
    controls["network"].value = BRAIN
    after = planes(images)
    assert [bool((a != b).any()) for a, b in zip(before, after, strict=True)] == [False, False, True, True]
    controls["slice"].value = 2
    assert all((a != b).any() for a, b in zip(after, planes(images), strict=True))


def test_bad_files_and_places_are_said_in_the_view(volumes):
    controls, view, images = named(slices_explorer(volumes))
    said = {}
    for name in ("cut.h5", "text.h5"):
        controls["folder"].index = 1
        controls["volume"].label = name
        said[name] = view.value
        assert images.content == {}, "no image of another file stays"
    assert "truncated" in said["cut.h5"]
    assert "not an HDF5 file" in said["text.h5"]
    controls["look in"].value = str(volumes / "nowhere")
    assert "look in: no .h5 file in" in view.value
    controls["look in"].value = str(volumes)
    assert 'role="alert"' not in view.value
    assert not images.busy
    assert len(images.content["panels"]) == 4


def test_a_file_that_is_replaced_is_read_again(volumes, tmp_path):
    path = tmp_path / "one.h5"
    first, second = (read_slice(volumes / "brain.h5", index).kspace[None] for index in (0, 1))
    write_volume(path, first)
    controls, view, images = named(slices_explorer(tmp_path))
    before = planes(images)[0]
    assert "measured, unknown" in view.value
    write_volume(path, second)
    controls["network"].value = KNEE
    assert (planes(images)[0] != before).any()
    path.unlink()
    controls["network"].value = BRAIN
    assert "no such file" in view.value


def test_known_places_are_those_of_the_environment(volumes, monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_DATA", str(volumes))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert [path for _, path in folders("")] == [volumes, volumes / "bad"]
    assert [path for _, path in folders(str(volumes / "bad"))] == [volumes / "bad"]


def test_an_unknown_network_is_said_in_the_view(volumes):
    _, view, images = named(slices_explorer(volumes, "unet_of_nobody"))
    assert "unet_of_nobody.json: not found" in view.value
    assert images.content == {}


def test_panels_of_two_sizes_and_nan_are_refused():
    one = Panel(torch.zeros(4, 4), "a", "")
    with pytest.raises(ValueError, match="one size"):
        WindowedImages().show([one, Panel(torch.zeros(4, 5), "b", "")])
    with pytest.raises(ValueError, match="not finite"):
        WindowedImages().show([Panel(torch.full((4, 4), float("nan")), "a", "")])
    images = WindowedImages()
    images.show([Panel(torch.tensor([[0.5, 3.0], [-1.0, 2.0]]), "a", "")])
    np.testing.assert_allclose(planes(images)[0], [[0.5, 2.0], [0.0, 2.0]], atol=1 / UNIT)
