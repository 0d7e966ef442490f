"""Paper B's networks: their sizes, what they are blind to, and training as the paper trains."""

from itertools import pairwise

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample, tiny_scan, weights

from mrilib.coils import rss
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import write_volume
from mrilib.fourier import ifft2c
from mrilib.linop import Fourier
from mrilib.losses import ssim_loss
from mrilib.models.build import build
from mrilib.paper_b.protocol import paper_b
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.simulate.acquisition import simulate_slice
from mrilib.train.recipe import DIVISOR, Recipe
from mrilib.train.training import fit, training_loss

SIZES = [
    ({"name": "norm_unet", "chans": 10}, 757_501),
    ({"name": "norm_unet"}, 7_756_097),
    ({"name": "norm_unet", "chans": 128}, 124_093_697),
    ({"name": "norm_vit"}, 8_029_000),
    ({"name": "norm_vit", "dim": 1024, "depth": 10, "heads": 16}, 127_188_068),
    ({"name": "e2e_varnet"}, 9_212_090),
    ({"name": "e2e_varnet", "sens_chans": 9}, 9_340_868),
]
TINY = [
    {"name": "norm_unet", "chans": 4, "num_pool_layers": 2},
    {"name": "norm_vit", "dim": 8, "depth": 1, "heads": 2, "patch": 8, "image_size": 32},
    {"name": "e2e_varnet", "num_cascades": 1, "chans": 2, "sens_chans": 2, "num_pool_layers": 2},
]
PAPER_B = paper_b(3)


@pytest.mark.parametrize(("architecture", "parameters"), SIZES)
def test_sizes_are_those_of_the_published_code(architecture, parameters):
    with torch.device("meta"):
        assert sum(weight.numel() for weight in build(architecture).parameters()) == parameters


@pytest.fixture(scope="module")
def kspace():
    return torch.from_numpy(simulate_slice(tiny_scan(), 3, 0.1).kspace).to(torch.complex64)


@pytest.fixture(scope="module")
def sample(kspace):
    return undersample(kspace, Undersampling(2).mask("3", 48), maps=False, peak=2e-3)


@pytest.mark.parametrize("architecture", TINY, ids=lambda one: one["name"])
def test_the_image_is_real_and_needs_no_maps(architecture, sample):
    model = seed_weights(build(architecture)).eval()
    image = model(sample.masked_kspace, sample.operator)
    assert image.shape == sample.target.shape
    assert not image.is_complex()


@pytest.mark.parametrize("architecture", TINY[:2], ids=lambda one: one["name"])
def test_networks_on_magnitudes_are_blind_to_phase(architecture, sample):
    model = seed_weights(build(architecture)).eval()
    image = model(sample.masked_kspace, sample.operator)
    turned = model(sample.masked_kspace * torch.exp(torch.tensor(0.7j)), sample.operator)
    torch.testing.assert_close(turned, image, rtol=1e-3, atol=1e-3 * image.abs().max().item())


def test_units_and_brightness_go_through(sample):
    model = seed_weights(build(TINY[0])).eval()
    image = model(sample.masked_kspace, sample.operator)
    torch.testing.assert_close(model(1e3 * sample.masked_kspace, sample.operator), 1e3 * image, rtol=1e-4, atol=1e-3)
    still = torch.nn.Identity()
    model.unet = still
    torch.testing.assert_close(model(sample.masked_kspace, sample.operator), rss(ifft2c(sample.masked_kspace)))


def test_varnet_asks_for_an_operator_with_a_mask(sample):
    with pytest.raises(ValueError, match=r"must know its mask.*got Fourier"):
        build(TINY[2])(sample.masked_kspace, Fourier())


def test_without_maps_a_sample_has_all_but_these(kspace, sample):
    whole = undersample(kspace, sample.mask)
    assert sample.sens_maps.shape == (1, 0, 40, 48)
    assert torch.equal(sample.target, whole.target)
    assert torch.equal(sample.masked_kspace, whole.masked_kspace)
    assert (sample.peak.item(), whole.peak.item()) == (pytest.approx(2e-3), whole.target.max().item())
    assert torch.equal(sample.operator(kspace[None]), sample.masked_kspace)


def test_the_loss_is_one_minus_ssim_with_the_volumes_maximum(sample):
    model = seed_weights(build(TINY[0])).eval()
    expected = ssim_loss(model(sample.masked_kspace, sample.operator), sample.target, 2e-3)
    assert training_loss(model, sample, PAPER_B).item() == pytest.approx(expected.item())
    complex_one = tiny_sample()
    model = seed_weights(build({"name": "unet", "chans": 4, "num_pool_layers": 2})).eval()
    magnitude = model(complex_one.masked_kspace, complex_one.operator).abs()
    expected = ssim_loss(magnitude, complex_one.target, complex_one.target.max().item())
    assert training_loss(model, complex_one, PAPER_B).item() == pytest.approx(expected.item())


def test_the_rate_climbs_for_a_hundredth_and_falls_in_a_line():
    steps = 1000
    rates = [PAPER_B.rate(step, steps) for step in range(steps)]
    assert rates[0] == pytest.approx(1e-3 / DIVISOR)
    assert rates[10] == max(rates) == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-3 / DIVISOR, rel=0.03)
    falls = [one - other for one, other in pairwise(rates[10:])]
    assert max(falls) == pytest.approx(min(falls))
    assert Recipe(schedule="one_cycle", learning_rate=1.0).rate(0, 1) == pytest.approx(1 / DIVISOR)


def test_gradients_are_clipped(sample):
    class Steep(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.gain = torch.nn.Parameter(torch.tensor(1.0))

        def forward(self, masked_kspace, A):
            return rss(ifft2c(masked_kspace)) * self.gain * 1e3

    gradients = []
    for clip in (None, 1e-2):
        model = Steep()
        model.gain.register_post_accumulate_grad_hook(lambda gain: gradients.append(gain.grad.abs().item()))
        fit(model, [sample], Recipe("supervised", epochs=1, learning_rate=1e-3, clip_norm=clip))
        gradients.append(model.gain.grad.abs().item())
    assert gradients[0] == gradients[1] > 1e-2 == pytest.approx(gradients[3], rel=1e-3)


@pytest.fixture
def volume(tmp_path, kspace):
    path = tmp_path / "one.h5"
    write_volume(path, torch.stack([kspace, 2 * kspace]).numpy(), attributes={"acquisition": "X", "patient_id": "1"})
    return path


def test_masks_are_drawn_anew_in_every_epoch(volume, monkeypatch):
    slices = SliceDataset([(volume, 0), (volume, 1)], Undersampling(4, 0.08, "equispaced"), maps=False)
    assert torch.equal(slices[0].mask, slices[1].mask)  # one volume, one mask
    masks = [slices.redrawn(item, draw).mask for item in (0, 1) for draw in range(8)]
    assert 1 < len({tuple(mask.flatten().tolist()) for mask in masks}) <= 4  # R offsets
    assert torch.equal(slices.redrawn(0, 5).mask, masks[5])
    assert slices[0].peak == slices[1].peak == slices[1].target.max()
    seen = []
    monkeypatch.setattr(slices, "redrawn", lambda item, draw: seen.append((item, draw)) or slices[item])
    fit(seed_weights(build(TINY[0])), slices, PAPER_B)
    assert sorted(seen) == [(item, epoch) for item in (0, 1) for epoch in range(3)]


def test_training_as_in_paper_b_learns_and_repeats(volume):
    slices = SliceDataset([(volume, 0), (volume, 1)], Undersampling(4, 0.08, "equispaced"), maps=False)
    runs = []
    for _ in range(2):
        model = seed_weights(build(TINY[0]))
        losses = fit(model, slices, Recipe(**{**PAPER_B.card, "epochs": 12}))
        runs.append((losses, weights(model)))
    assert runs[0][0][-1] < 0.8 * runs[0][0][0]
    assert torch.equal(runs[0][1], runs[1][1])


def test_slices_that_keep_their_masks_are_refused(sample):
    with pytest.raises(ValueError, match="new_masks: list keeps its masks; train on a SliceDataset"):
        fit(seed_weights(build(TINY[0])), [sample], PAPER_B)


def test_fields_that_came_later_leave_old_cards_alone():
    assert set(Recipe().card) == {
        "loss", "supervised_target", "epochs", "learning_rate", "batch_size", "schedule", "shuffle", "seed",
    }  # fmt: skip
    assert PAPER_B.card["clip_norm"] == 1.0
    with pytest.raises(ValueError, match="clip_norm must be positive or None, got -1"):
        Recipe(clip_norm=-1)
