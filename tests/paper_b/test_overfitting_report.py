"""Tables, charts and the explorer of curves hold what the curves hold."""

from types import SimpleNamespace

import pytest
import torch
from records import record
from widget_parts import parts

from mrilib.gap import Interval, performance_gap
from mrilib.paper_b.distributional_overfitting import experiment
from mrilib.paper_b.distributional_overfitting.experiment import SHIFTS, Curve
from mrilib.paper_b.distributional_overfitting.explorer import epoch_in_words, explore_epochs
from mrilib.paper_b.distributional_overfitting.pictures import change_picture, worst
from mrilib.paper_b.distributional_overfitting.report import (
    against,
    falls_table,
    in_words,
    since_quarter,
    stops_in_words,
    stops_table,
)
from mrilib.paper_b.distributional_overfitting.since import ood_chart, sides_since
from mrilib.paper_b.distributional_overfitting.stops import seen, stops_chart
from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.distributional_overfitting.words import WORDS, Words, words_of
from mrilib.paper_b.pairs import Pair
from mrilib.paper_b.protocol import paper_b, union

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
HOME = [[0.1, 0.2], [0.5, 0.6], [0.7, 0.8], [0.72, 0.83], [0.73, 0.84]]
ABROAD = [[0.1, 0.1], [0.6, 0.7], [0.62, 0.74], [0.5, 0.6], [0.4, 0.5]]
BY = {"little": -0.1, "most": -0.3, "none": 0.1}.items()
ROW = {
    "epochs": [0, 2, 4, 6, 8],
    "scores": {"test P": HOME, "validation P": HOME, "test Q": ABROAD, "validation Q": ABROAD},
    "examples": {"2": PIXEL, "8": PIXEL},
}


@pytest.fixture
def curve(monkeypatch):
    monkeypatch.setattr(Curve, "row", ROW)
    shift = Pair("GRE to T2", ("m4raw_gre",), ("m4raw_t2",))
    monkeypatch.setitem(SHIFTS, "few", shift)
    monkeypatch.setitem(WORDS, "few", Words("GRE", "T2", "T2 slice"))
    spec = union("few", {"m4raw_gre": 1}, {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}, paper_b(8))
    return Curve(spec, shift, 2)


def test_gains_are_over_the_end_and_paired(curve):
    assert curve.gains["Q"][4] == performance_gap([0.62, 0.74], [0.4, 0.5])
    assert curve.gains["P"][8].value == 0


def test_sentences_follow_the_sign_of_the_fall(curve):
    (told,) = in_words({"sgd_tenth": curve})
    assert told.startswith(
        "**U-Net, SGD, rate 0.1:** SSIM out of distribution is best after epoch 4 of 8. From then on, it falls by 0.230"
    )
    assert stops_in_words({"sgd_tenth": curve}) == [
        "**U-Net, SGD, rate 0.1:** the rule stops after epoch 8. SSIM there minus SSIM at the end is "
        "0.000 [0.000, 0.000] out of distribution and 0.000 [0.000, 0.000] in distribution."
    ]


def test_tables_say_where_the_peak_and_the_stop_are(curve):
    found = falls_table({"sgd_tenth": curve}, "A caption")
    assert found.cells[0][:2] == ("U-Net, SGD, rate 0.1", "4 of 8")
    assert found.cells[0][2].startswith("−0.230")
    assert found.cells[0][3].startswith("0.035")
    assert stops_table({"sgd_tenth": curve}, "A caption").cells[0][:2] == ("U-Net, SGD, rate 0.1", "8 of 8")


def test_the_example_is_compared_from_a_quarter_on(curve):
    change, home = since_quarter(curve)
    assert change == pytest.approx(0.4 - 0.6)
    assert home == curve.change("P", 1)


def test_the_map_of_the_example_comes_with_the_change_of_its_score(curve, monkeypatch):
    images = dict(zip(("fully sampled", "epoch 2", "epoch 8"), torch.rand(3, 8, 8), strict=True))
    monkeypatch.setattr(Curve, "example", lambda self: images)
    drawn = change_picture(curve, "simulated")
    assert drawn.title == "More training, lower SSIM: this T2 slice loses 0.200 from epoch 2 to 8 (simulated)"
    assert "local SSIM changes: after epoch 2, SSIM 0.600; after epoch 8, SSIM 0.400. More training" in drawn.alt
    rising = ROW | {"scores": ROW["scores"] | {"test Q": HOME}}
    monkeypatch.setattr(Curve, "row", rising)
    assert change_picture(curve, "simulated").title.endswith("SSIM of this T2 slice changes by +0.230 (simulated)")


@pytest.mark.parametrize("name", list(WORDS))
def test_words_say_what_the_title_of_the_shift_says(name):
    found = words_of(SHIFTS[name])
    assert found == WORDS[name]
    assert SHIFTS[name].title == f"{found.p} to {found.q}"
    assert "," not in found.slice_of_q


def test_a_shift_without_words_is_told_by_its_letters():
    found = words_of(Pair("one and other", ("m4raw_gre",), ("m4raw_t2",)))
    assert found.slice_of_q == "slice of Q"
    assert found.q == "out of distribution (Q)"


def test_the_worst_run_is_that_with_the_largest_fall():
    falls = {name: SimpleNamespace(peak=0, change=lambda side, at, by=by: Interval(by, by, by, 2)) for name, by in BY}
    assert worst(falls) is falls["most"]


def test_trainings_are_compared_at_home_at_the_end_and_abroad_at_their_best(curve):
    assert {side: gain.value for side, gain in against(curve, curve).items()} == {"id": 0, "ood": 0}


def points(spec, mark):
    """Rows of each layer with this mark."""
    chosen = [one for one in spec["layer"] if one["mark"]["type"] == mark]
    return [spec.get("datasets", {}).get(one["data"].get("name"), one["data"].get("values")) for one in chosen]


def test_both_sides_are_drawn_relative_to_the_best_epoch_abroad(curve):
    spec = sides_since(curve, "simulated").to_dict()
    title = "Training past epoch 4 does not measurably change SSIM on GRE but lowers SSIM on T2 (simulated data)"
    curve_home, curve_abroad = points(spec, "line")
    assert " ".join(spec["title"]) == title
    assert "GRE, in distribution (P), SSIM 0.750 → 0.785" in spec["description"]
    assert "T2, out of distribution (Q), SSIM 0.680 → 0.450" in spec["description"]
    assert [row["x"] for row in curve_home] == [2, 4, 6, 8]
    assert curve_abroad[1]["value"] == 0, "the best epoch"
    assert curve_abroad[-1]["value"] == pytest.approx(-0.23)
    assert "best on T2" in str(spec)
    assert "the rule stops" in str(spec)


def test_falls_out_of_distribution_are_named_with_their_size_at_the_ends(curve):
    spec = ood_chart({"sgd_tenth": curve}, "simulated").to_dict()
    told = "Past its best epoch, SSIM out of distribution falls in 1 of 1 training runs (simulated data)"
    assert " ".join(spec["title"]) == told
    assert spec["description"].startswith(f"{told}: U-Net, SGD, rate 0.1 −0.230")
    assert "U-Net, SGD, rate 0.1\\n−0.230" in str(spec)
    assert {row["x"] for row in points(spec, "line")[0]} == {2, 4, 6, 8}


def test_stops_are_drawn_and_this_runs_training_is_told_first(curve):
    both = {"sgd_tenth": curve, "unet_t2_knee": curve}
    told = stops_chart(both, "simulated").to_dict()["description"]
    assert told.startswith("Stopping by the rule raises SSIM out of distribution in 0 of 2 training runs and lowers it")
    assert "U-Net, SGD, rate 0.1, in distribution (P) 0.000" in told
    own, others, stop = seen(both, "unet_t2_knee")
    assert own.startswith("**U-Net, T2 brain to knee:** SSIM out of distribution is best")
    lead = "**Other runs, change in SSIM out of distribution after the best epoch:**"
    assert others.startswith(f"{lead} U-Net, SGD, rate 0.1 −0.230")
    assert "the rule stops after epoch 8" in stop
    assert len(seen({"sgd_tenth": curve}, "sgd_tenth")) == 2


def test_the_slider_changes_picture_and_words(curve):
    slider, still, view, _ = parts(explore_epochs(curve, "simulated", 5))
    assert slider.value in (4, 6)
    slider.value = 8
    assert "After epoch 8: in distribution (P) 0.785" in view.value
    assert "change since epoch 4 −0.230" in view.value
    assert view.value.count("<img") == 2, "an image was kept after epoch 8"
    slider.value = 6
    assert view.value.count("<img") == 1
    assert epoch_in_words(curve, 6) in view.value
    assert still.value == f"<p>{epoch_in_words(curve, 4)}.</p>", "in place of the chart, which stands above"
    assert still.layout.display == "none"


def test_the_curves_that_notebook_14_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert [name for name in TRAININGS if not experiment.curve(record("14"), name).stored] == []


def test_the_largest_of_the_stored_falls_is_on_prostates(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    found = worst({name: experiment.curve(record("14"), name) for name in TRAININGS})
    assert found.shift.title == "brain and knee to prostate"
