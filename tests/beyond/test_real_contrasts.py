"""The real brain's contrasts: what the figures and sentences state is counted from the scores."""

from dataclasses import replace

import pytest
import torch
from records import record
from tiny_slices import tiny_sample

from mrilib.beyond.from_simulation_to_scanner import charts, report
from mrilib.beyond.from_simulation_to_scanner.experiment import (
    BRAIN,
    BRAIN_TTT,
    CG_SENSE,
    KNEE,
    KNEE_TTT,
    METHODS,
    WAVELET,
    ZERO_FILLED,
    Contrasts,
)
from mrilib.beyond.from_simulation_to_scanner.robustness import CASES

ANGLES = ("1°", "3°", "5°")
SCORES = {
    ZERO_FILLED: [0.5, 0.5, 0.52],
    CG_SENSE: [0.5, 0.64, 0.6],
    WAVELET: [0.7, 0.85, 0.8],
    KNEE: [0.6, 0.7, 0.8],
    BRAIN: [0.5, 0.55, 0.6],
    KNEE_TTT: [0.75, 0.8, 0.75],
    BRAIN_TTT: [0.8, 0.95, 0.9],
}
WHERE = "real brain, 4×"


def contrasts(count=3):
    sample = tiny_sample()
    images = {name: [torch.rand(sample.target.shape)] * count for name in METHODS if name != WAVELET}
    scores = {name: column[:count] for name, column in SCORES.items()}
    return Contrasts(ANGLES[:count], [sample] * count, images, scores)


def words(chart):
    return " ".join(chart.to_dict()["title"])


def test_the_title_counts_the_contrasts():
    spec = charts.contrasts_chart(contrasts(), WHERE)
    told = "TTT improves the knee-trained network at 2 of 3 flip angles, but its SSIM with TTT is indistinguishable"
    assert words(spec) == f"{told} from that of ℓ1-wavelets ({WHERE})"
    curves = spec.to_dict()["layer"][0]
    shown = {(row["method"], row["angle"]): row["value"] for row in curves["data"]["values"]}
    assert len(shown) == 3 * len(ANGLES)
    assert [shown[name, 5] for name in ("without TTT", "with TTT", WAVELET)] == [0.8, 0.75, 0.8]
    assert "1°: with TTT 0.750, ℓ1-wavelet 0.700, without TTT 0.600" in spec.to_dict()["description"]


def test_methods_are_sorted_by_their_difference_from_wavelets():
    spec = charts.against_wavelets(SCORES, WHERE)
    assert words(spec) == (
        "On average, the networks' SSIM differs from that of ℓ1-wavelets by up to 0.100 with TTT "
        "and by up to 0.233 without"
    )
    names = spec.to_dict()["layer"][-1]["data"]["values"]
    assert [row["name"] for row in names] == [ZERO_FILLED, BRAIN, CG_SENSE, KNEE, KNEE_TTT, BRAIN_TTT]


def test_one_contrast_has_no_interval_but_its_figures():
    one = contrasts(1)
    assert words(charts.contrasts_chart(one, WHERE)).startswith("TTT improves the knee-trained network at 1 of 1")
    assert words(charts.against_wavelets(one.scores, WHERE))
    told = charts.picture(one, one.samples[0].target).alt
    assert told.startswith("Real brain at a flip angle of 1°: fully sampled image, and SSIM of knee-trained 0.600")
    assert "ℓ1-wavelet 0.700" in told


@pytest.mark.parametrize(
    ("gained", "told"),
    [(0.02, "and surpasses ℓ1-wavelets on average"), (-0.02, "but does not surpass ℓ1-wavelets on average")],
)
def test_the_title_says_what_the_interval_supports(gained, told):
    wavelets = [0.70, 0.72, 0.74, 0.76]
    after = [score + gained + 0.001 * place for place, score in enumerate(wavelets)]
    scores = {KNEE: [0.5] * 4, KNEE_TTT: after, WAVELET: wavelets}
    assert charts.contrasts_title(scores).endswith(told)


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.7, 0.65, 0.8), "TTT does not raise the SSIM of this slice"),
        ((0.7, 0.78, 0.8), "TTT closes 80 % of the SSIM gap between the network and ℓ1-wavelets"),
        ((0.7, 0.85, 0.8), "TTT lifts the network above ℓ1-wavelets"),
        ((0.8, 0.85, 0.7), "TTT raises the SSIM of a network that is above ℓ1-wavelets even without it"),
    ],
)
def test_the_message_of_the_images_follows_their_scores(scores, told):
    one = contrasts(1)
    column = dict(zip((KNEE, KNEE_TTT, WAVELET), ([score] for score in scores), strict=True))
    drawn = charts.picture(replace(one, scores=one.scores | column), one.samples[0].target)
    assert drawn.title == f"Real brain: {told}"


def row(before, after):
    return {"cg_sense": 0.6, "zero_filled": 0.5, "network": before, "network_ttt": after, "iterations": 120}


def test_forms_of_the_file_tell_the_least_and_the_most_that_ttt_adds():
    found = [(case, row(0.7, 0.68 if case.change == "partial echo" else 0.8)) for case in CASES]
    spec = charts.forms_chart(found, "knees", WHERE)
    assert words(spec) == f"TTT lowers SSIM by up to 0.020 in some forms of the file ({WHERE})"
    assert "partial echo: without TTT 0.700, with TTT 0.680, CG-SENSE 0.600, −0.020" in spec.to_dict()["description"]
    bars = next(layer for layer in spec.to_dict()["layer"] if layer["mark"]["type"] == "rule")["data"]["values"]
    assert bars[0]["name"] == "partial echo"
    assert len(bars) == charts.FORMS
    kinder = [(case, row(0.7, 0.8)) for case in CASES]
    assert words(charts.forms_chart(kinder, "knees", WHERE)).startswith("TTT raises SSIM in all 14 forms")


def test_the_form_in_which_ttt_adds_least_is_named():
    found = {"unet_supervised_knee_pd_4x": [(case, row(0.7, 0.8 - 0.01 * case.seed)) for case in CASES]}
    assert report.least_in_words(found) == ["**Trained on knees:** random mask, hold-out 4, +0.060."]


@pytest.mark.parametrize("changes", [{"contrasts": 3}, {"ttt_iterations": 8}])
def test_a_short_run_never_carries_the_claim_of_a_full_one(changes):
    told = report.of_this_run(replace(record("19"), **changes), contrasts())
    assert told.startswith("**In this run** (3 of 10 contrasts")
    assert "too short to confirm or refute" in told


def test_a_full_run_says_what_it_found():
    ten = contrasts()
    ten = replace(ten, angles=[*ANGLES] * 4, scores={name: (column * 4)[:10] for name, column in SCORES.items()})
    ten = replace(ten, angles=ten.angles[:10])
    told = report.of_this_run(record("19"), ten)
    assert told.startswith("**In this run** (10 of 10 contrasts, at most 300 iterations), TTT changes the SSIM")
    assert "too short" not in told


def test_contrasts_on_which_ttt_is_not_better_are_named():
    without, sense, wavelets = report.contrasts_in_words(ANGLES, SCORES)
    assert without.startswith("**Compared with the same network without TTT:**")
    assert without.endswith("not better at 5°.")
    assert sense.endswith("not better at no contrast.")
    assert wavelets.endswith("not better at 3°, 5°.")


def test_keys_of_results_stay():
    assert [report.key(name) for name in (WAVELET, KNEE_TTT, CG_SENSE)] == [
        "l1_wavelet",
        "knee_trained_ttt",
        "cg_sense",
    ]
    assert report.by_contrast(contrasts())[0]["flip angle"] == "1°"
