"""Variants of test-time training: they lower their own loss, leave the given model alone, and repeat by seed."""

from types import SimpleNamespace

import pytest
import torch
from tiny_slices import SAMPLING, padded, seed_weights, tiny_model, tiny_sample, tiny_scan, weights

from mrilib import ttt
from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import read_slice, write_volume
from mrilib.gap import Interval
from mrilib.models.cycle import CycleReconstructor
from mrilib.models.two_head import TwoHeadReconstructor
from mrilib.paper_a.variants_that_fail import experiment as variants
from mrilib.paper_a.variants_that_fail import report
from mrilib.paper_a.variants_that_fail.experiment import AuxiliaryTask, Closing, affine_only, perturbed, tune
from mrilib.paper_a.variants_that_fail.perturbations import PERTURBATIONS, perturb
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.simulate.acquisition import simulate_slice
from mrilib.train.objectives import denoising, round_trip

VARIANTS = [(TwoHeadReconstructor, denoising), (CycleReconstructor, round_trip)]


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def make(network):
    with torch.random.fork_rng(devices=[]):
        return seed_weights(network(4, 2)).eval()


@pytest.mark.parametrize(("network", "objective"), VARIANTS)
def test_tuning_lowers_its_own_loss_and_never_touches_the_given_model(sample, network, objective):
    model = make(network)
    before = weights(model)
    tuned = tune(model, sample, objective, learning_rate=1e-3, iterations=10)
    assert tuned.losses[-1] < tuned.losses[0]
    assert torch.equal(weights(model), before)
    assert not model.training
    assert not torch.equal(tuned.image, reconstruct(model, sample))


@pytest.mark.parametrize(("network", "objective"), VARIANTS)
def test_the_same_seed_gives_the_same_image(sample, network, objective):
    model = make(network)
    one, again = (tune(model, sample, objective, learning_rate=1e-3, iterations=2, seed=3) for _ in range(2))
    assert torch.equal(one.image, again.image)
    assert one.losses == again.losses


def test_scores_start_before_the_first_step_and_end_with_the_image(sample):
    def score(image):
        return slice_ssim(image, sample)[0]

    model = make(CycleReconstructor)
    tuned = tune(model, sample, round_trip, learning_rate=1e-3, iterations=3, score=score)
    assert len(tuned.scores) == 4
    assert tuned.scores[0] == score(reconstruct(model, sample))
    assert tuned.scores[-1] == score(tuned.image)
    assert tune(model, sample, round_trip, learning_rate=1e-3, iterations=1).scores == []


def test_affine_only_changes_no_image_until_it_is_tuned(sample):
    model = tiny_model()
    copy = affine_only(model)
    torch.testing.assert_close(reconstruct(copy, sample), reconstruct(model, sample))
    assert all(p.requires_grad for p in model.parameters()), "the given model stays as it was"
    tuned = [(name, p.numel()) for name, p in copy.named_parameters() if p.requires_grad]
    channels = [m.num_features for m in model.modules() if isinstance(m, torch.nn.InstanceNorm2d)]
    assert sum(count for _, count in tuned) == 2 * sum(channels)
    assert all(name.split(".")[-1] in ("weight", "bias") for name, _ in tuned)


def test_test_time_training_of_affine_only_lowers_the_loss(sample):
    copy = affine_only(tiny_model())
    settings = ttt.Settings(learning_rate=1e-2, max_iterations=10, window=5)
    record = ttt.test_time_train(copy, sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    assert record.history.train_error[-1] < record.history.train_error[0]


def test_affine_only_needs_a_normalisation():
    model = make(TwoHeadReconstructor)
    model.unet, model.denoiser = torch.nn.Identity(), torch.nn.Identity()
    with pytest.raises(ValueError, match="TwoHeadReconstructor has no instance normalisation"):
        affine_only(model)


def unexplained(sample):
    """‖A x − y‖ / ‖y‖ of the image of the full data."""
    return (sample.operator(sample.reference) - sample.masked_kspace).norm() / sample.masked_kspace.norm()


def test_perturbed_slices_are_measured_like_the_others(tmp_path):
    made = simulate_slice(tiny_scan(matrix=(40, 48)), 0, 0.1).kspace[None].astype("complex64")
    write_volume(tmp_path / "one.h5", made, recon_size=(30, 48))
    slices = SliceDataset([(tmp_path / "one.h5", 0)], SAMPLING)
    (plain,) = perturbed(slices, "regular")
    assert torch.equal(plain.masked_kspace, slices[0].masked_kspace)
    assert plain.recon_size == (30, 48)
    (turned,) = perturbed(slices, "rot90")
    assert turned.masked_kspace.shape == (1, 4, 48, 40)
    assert turned.recon_size == (48, 30)
    (mirrored,) = perturbed(slices, "fliph")
    assert unexplained(mirrored) < 1.2 * unexplained(plain), "its own maps explain it as well"


@pytest.mark.parametrize("name", ["regular", "fliph", "flipv", "rot90", "spike", "ghost"])
def test_columns_that_were_never_acquired_are_not_measured_after_a_transform(tmp_path, name):
    write_volume(tmp_path / "padded.h5", padded(4, 42), recon_size=(40, 48), padding=(4, 42))
    slices = SliceDataset([(tmp_path / "padded.h5", 0)], SAMPLING)
    (plain,) = perturbed(slices, "regular")
    assert torch.equal(plain.mask, slices[0].mask)
    (moved,) = perturbed(slices, name)
    full = perturb(read_slice(tmp_path / "padded.h5", 0).kspace, name)
    measured = full.abs().amax(0) > 1e-5 * full.abs().max()
    sampled = SAMPLING.mask("padded.h5", full.shape[-1])[0, 0]
    assert torch.equal(moved.mask[0, 0].expand_as(measured), measured & sampled)


def test_tuning_takes_one_slice_and_at_least_one_step(sample):
    with pytest.raises(ValueError, match="iterations must be positive, got 0"):
        tune(make(CycleReconstructor), sample, round_trip, learning_rate=1e-3, iterations=0)


def test_scores_of_a_variant_are_those_of_its_images(sample):
    model, variant = make(TwoHeadReconstructor), AuxiliaryTask("two_head", denoising, 1e-3, 2)
    image = tune(model, sample, denoising, learning_rate=1e-3, iterations=2, seed=5).image
    assert variant.after(model, [sample], seed=5) == slice_ssim(image, sample)


def test_a_network_of_q_that_gets_worse_closes_the_gap_but_reaches_nothing():
    before_q, before_p = [0.9, 0.92, 0.91], [0.7, 0.71, 0.72]
    worse_q = [score - 0.1 for score in before_q]
    method = Closing(before_q, before_p, worse_q, before_p)
    assert method.gap.value == pytest.approx(0.1)
    assert method.closed.interval.value == pytest.approx(0.5)
    assert method.reached.interval.value == pytest.approx(0)
    perfect = Closing(before_q, before_p, before_q, before_q)
    assert perfect.closed.interval.value == perfect.reached.interval.value == pytest.approx(1)


@pytest.mark.parametrize("affine", [True, False])
def test_a_stored_row_holds_scores_without_and_after_ttt(sample, monkeypatch, affine):
    model, tuned = tiny_model(), []

    def adapt(used, *_, **__):
        tuned.append(used)
        return [SimpleNamespace(ssim=0.12345678)]

    monkeypatch.setattr(variants, "network", lambda spec, device: model)
    monkeypatch.setattr(variants, "adapt", adapt)
    row = variants.consistency_row(None, [sample], ttt.Settings(), affine)
    assert row == {"before": [round(slice_ssim(reconstruct(model, sample), sample)[0], 6)], "after": [0.123457]}
    assert all(p.requires_grad for p in tuned[0].parameters()) != affine


def test_the_sentences_state_what_the_scores_give():
    before = [0.8, 0.9, 0.85], [0.6, 0.71, 0.64]
    half = Closing(*before, [0.8, 0.9, 0.85], [0.7, 0.805, 0.745])
    results = {
        "supervised": Closing(*before, *before),
        "two-head + TTT": Closing(*before, *before),
        "joint + TTT": half,
    }
    lines = report.summary(results, {"helped": 0, "hurt": 8}, 9).data.splitlines()
    auxiliary, own, shifts = lines
    assert auxiliary.startswith("- **Auxiliary tasks.** The gap without TTT is 0.200 [")
    assert "(paper A: 0.067): two-head + TTT closes 0 % [0, 0] of the gap (paper A: 0 %) and reaches 0 %" in auxiliary
    assert "joint + TTT closes 50 % [" in own
    assert "TTT of the two-head network helped under none and hurt under 8 of 9 transforms" in shifts


def test_what_is_left_of_the_gap_is_paired_by_slice():
    q, p = [0.9, 0.8, 0.85], [0.7, 0.61, 0.64]
    scores = {(name, side): (q if side == "Q" else p) for name in report.DRAWN for side in "QP"}
    scores["joint + TTT", "P"] = [0.88, 0.79, 0.83]
    spec = report.gaps(scores, "simulated").to_dict()
    rows = next(one["data"]["values"] for one in spec["layer"] if len(one.get("data", {}).get("values", ())) > 1)
    left = {row["name"]: row for row in rows}
    assert left["all weights (joint)"]["value"] == pytest.approx(1 / 60)
    assert left["all weights (joint)"]["high"] < left["trained on P, not adapted"]["low"]
    assert [row["group"] for row in rows] == [report.BEFORE, *[report.AUXILIARY] * 2, *[report.OWN] * 2]
    assert "Auxiliary tasks remove none of the gap of 0.200; paper A's own loss removes 92 %" in " ".join(spec["title"])


def test_without_a_gap_there_is_none_to_remove():
    scores = {(name, side): [0.7, 0.8] for name in report.DRAWN for side in "QP"}
    assert "There is no gap to remove" in " ".join(report.gaps(scores, "simulated").to_dict()["title"])


def test_what_tuning_does_to_the_loss_and_to_the_image_is_drawn_and_told():
    runs = {
        "two-head": variants.Tuned(torch.zeros(1), [2.0, 1.5, 1.0], [0.6, 0.62, 0.63, 0.65]),
        "CycleU-Net": variants.Tuned(torch.zeros(1), [4.0, 3.0], [0.65, 0.64, 0.6]),
    }
    spec = report.tuning_chart(runs, "simulated").to_dict()
    title = " ".join(spec["title"])
    assert title.endswith("as it falls, SSIM rises with denoising and falls with the round trip (one simulated slice)")
    assert "denoising lowers its loss by 50 %, and SSIM rises by 0.050; the round trip lowers" in spec["description"]
    above, below = ([layer["data"]["values"] for layer in panel["layer"]] for panel in spec["vconcat"])
    assert [one["value"] for one in above[0] if one["name"] == "two-head"] == [1, 0.75, 0.5]
    assert [one["n"] for one in below[0] if one["name"] == "CycleU-Net"] == [0, 1, 2]
    assert [one["told"] for one in above[1]] == ["round trip −25 %", "denoising −50 %"]
    assert [one["told"] for one in below[1]] == ["denoising +0.050", "round trip −0.050"]
    hues = [panel["layer"][0]["encoding"]["color"]["scale"] for panel in spec["vconcat"]]
    first, second = (dict(zip(hue["domain"], hue["range"], strict=True)) for hue in hues)
    assert first == second


def test_the_nine_shifts_count_what_excludes_zero():
    found = {"blur": Interval(-0.1, -0.2, -0.05, 3), "noise": Interval(0.1, -0.2, 0.3, 3)}
    spec = report.nine_shifts(found, "simulated").to_dict()
    assert "does harm under 1 of 2 transforms and helps under none" in " ".join(spec["title"])
    assert spec["description"].endswith("noise +0.100; blurred −0.100")
    cells = report.shifts_table({"blur": Interval(0.2, 0.1, 0.3, 3)}, {"blur": found["blur"]}, "A caption").cells
    assert cells == (("blurred", "0.200 [0.100, 0.300]", "−0.100 [−0.200, −0.050]"),)


def test_every_transform_has_words():
    assert report.TRANSFORMS.keys() == PERTURBATIONS.keys()


def test_one_slice_is_told_by_its_scores_not_by_what_ttt_is_meant_to_do():
    scores = {"without TTT": 0.69, "TTT on denoising": 0.658}
    scores |= {"TTT on a round trip": 0.69, "TTT on paper A's loss": 0.826}
    assert report.one_slice_in_words(scores) == "Only TTT on paper A's loss helps this slice: it raises SSIM by 0.136"
    most = report.one_slice_in_words(scores | {"TTT on denoising": 0.7})
    assert "paper A's loss helps this slice most: SSIM rises by 0.136, with other losses by 0.010 at most" in most
    assert report.one_slice_in_numbers(scores, "simulated").startswith("One simulated slice of Q")
    assert "TTT on denoising 0.658, TTT on a round trip 0.690" in report.one_slice_in_numbers(scores, "simulated")
    none = report.one_slice_in_words(scores | {"TTT on paper A's loss": 0.6})
    assert none == "TTT helps this slice with none of the losses: SSIM changes by 0.000 at best"


def test_round_trips_that_do_not_return_are_told_so():
    start, end = torch.ones(2, 2), torch.full((2, 2), 1.5)
    told = report.round_trips_in_words([[start, start, start], [start, start, end]])
    assert told == "The first round trip changes its starting image by 0 %, the second by 50 %"
