"""Lesions in tables, charts and pictures: each carries its numbers, and a frame hides nothing of its box."""

import numpy as np
import pytest
import torch
from scored_lesions import ILL, scored_study

from mrilib.data.annotated import Heads
from mrilib.gap import Interval
from mrilib.paper_b.pathologies.above import above_the_line
from mrilib.paper_b.pathologies.analysis import SIZES, contrast_kept, height, lesions
from mrilib.paper_b.pathologies.charts import against_healthy, against_slices, gains_chart, lesion_chart
from mrilib.paper_b.pathologies.dimmed import at_equal_slices, dimmed_chart, in_short
from mrilib.paper_b.pathologies.experiment import MORE
from mrilib.paper_b.pathologies.pictures import (
    close_ups,
    cornered,
    example,
    first_slices,
    nearer_to_each_other,
    typical,
)
from mrilib.paper_b.pathologies.report import PLACES, differences_table, heights_table, scores_table


@pytest.fixture
def scored():
    return scored_study()


def test_tables_hold_every_network_and_place(scored):
    found = scores_table(scored, "A caption")
    assert found.headings[:3] == ("trained on", "slices", "healthy slices")
    assert len(found.cells) == 7
    assert found.cells[0][:2] == ("P", "144")
    other = differences_table(scored, [(MORE, "P and Q"), ("P", "P and Q")], "A caption")
    assert other.cells[0][0] == "more of P minus P and Q"
    assert other.cells[0][2].startswith("0.000")
    assert other.cells[1][1].startswith("−0.006")


def test_heights_of_each_length_of_training_are_a_column():
    heights = {
        "12 epochs": {"small": Interval(0.01, 0.0, 0.02, 4)},
        "24 epochs": {"small": Interval(0.03, 0.02, 0.04, 4)},
    }
    found = heights_table(heights, "A caption")
    assert found.headings == ("", "height after 12 epochs", "height after 24 epochs")
    assert [cell[:5] for cell in found.cells[0][1:]] == ["0.010", "0.030"]


def test_charts_draw_both_ways_to_train_in_every_place(scored):
    slices = against_slices(scored, "simulated").to_dict()
    names = {row["name"] for row in slices["layer"][1]["data"]["values"]}
    assert names == {f"{count} healthy slices (+{ill} with lesions)" for count, ill in ((36, 20), (72, 40), (144, 80))}
    assert " ".join(slices["title"]).startswith("Training on lesions raises SSIM inside lesions in ")
    assert "in small lesions" in str(slices)
    assert "in large lesions" in slices["description"]
    pairs = lesion_chart(scored, MORE, "P and Q", "simulated").to_dict()
    assert "of 4 small lesions score higher with lesions in the training set; the mean" in pairs["description"]
    assert "score higher when trained with lesions" in str(pairs)
    gains = [row["gain"] for row in pairs["layer"][0]["data"]["values"]]
    assert gains == sorted(gains)
    assert len(gains) == 4


def test_the_line_of_healthy_heads_is_that_from_which_the_height_is_measured(scored):
    spec = against_healthy(scored, ["", *SIZES], "simulated").to_dict()
    assert "the line of those trained without (simulated data)" in " ".join(spec["title"])
    assert spec["spec"]["layer"][0]["encoding"]["y"]["field"] == "line"
    assert "resolve" not in spec
    panels = {row["panel"]: [] for row in spec["data"]["values"]}
    for row in spec["data"]["values"]:
        panels[row["panel"]].append(row)
    assert [panel.partition(":")[0] for panel in panels] == [PLACES[size] for size in ("", *SIZES)]
    for size, rows in zip(("", *SIZES), panels.values(), strict=True):
        above = [row["y"] - row["line"] for row in rows]
        assert sum(above[:4]) == pytest.approx(0)  # least squares, of the healthy ones
        assert sum(above[4:]) / 3 == pytest.approx(height(scored, size).value)


def test_corners_hide_neither_the_box_nor_what_is_around_it():
    image = torch.arange(400.0).reshape(20, 20)
    box = np.s_[6:10, 0:4]
    marked = cornered(image, box, -1)
    assert torch.equal(marked[3:13, 0:7], image[3:13, 0:7])
    assert (marked[2, 5:8] == -1).all()
    assert (marked[2:5, 7] == -1).all()
    assert int((marked == -1).sum()) == 10  # two corners of five pixels; the other two lie outside
    assert int((image == -1).sum()) == 0


@pytest.mark.parametrize(
    ("inside", "title", "gain"),
    [
        (0.05, "Whole-slice scores hide the gain inside small lesions", "+0.050"),
        (-0.05, "What lesions in the training set change", "−0.050"),
        (0.0, "What lesions in the training set change", "0.000"),
    ],
)
def test_gains_are_of_the_network_that_saw_lesions(inside, title, gain):
    told = gains_chart(scored_study(inside), "simulated").to_dict()["description"]
    assert told.startswith(f"{title} (simulated data): in small lesions {gain}")
    assert "whole slices with lesions 0.000" in told
    assert "healthy slices 0.000" in told


def test_a_gain_that_whole_slices_show_as_well_is_not_hidden():
    study = scored_study(0.05)
    row = study._read["P and Q", ILL]
    row["ssim"] = [score + 0.02 for score in row["ssim"]]
    assert " ".join(gains_chart(study, "simulated").to_dict()["title"]).startswith("What lesions in the training set")


class Drawn:
    """Pictures without files: a target of noise, reconstructions that are it or smoother."""

    def target(self, lesion):
        return torch.rand(60, 60, generator=torch.Generator().manual_seed(lesion.slice))

    def box(self, lesion):
        return np.s_[2:12, 50:58]

    def reconstruction(self, arm, lesion):
        return self.target(lesion) if arm == "same" else torch.full((60, 60), 0.5 if arm == "flat" else 0.51)


def test_pictures_say_the_score_of_the_box(scored):
    chosen = lesions(scored, "P", "small")[:2]
    one = example(Drawn(), chosen[0], ["same", "flat"], "the smallest")
    assert "trained on same, SSIM in box 1.000" in one.alt
    close = close_ups(Drawn(), chosen, ["same", "flat"], "target").alt
    assert "close-ups of 2 small lesions" in close
    assert "SSIM 1.000, contrast 100 %" in close


WORDS = {"P": "one\nof two", "P and Q": "other"}


def test_one_lesion_stands_beside_all_of_them(scored):
    lesion = lesions(scored, "P", "small")[0]
    spec = dimmed_chart(scored, Drawn(), lesion, WORDS, MORE, "simulated").to_dict()
    title = "Networks dim small lesions, but less so if also trained on lesions (simulated data)"
    assert " ".join(spec["title"]) == title
    assert "all 4 small lesions: other: 75 % [" in spec["description"]
    assert "one of two: 50 % [50, 50]" in spec["description"]
    lead = at_equal_slices(scored, "P and Q", MORE)
    assert "The network that saw lesions keeps 20.0 [" in lead, "over the third network"
    assert "] percentage points more of the contrast of all 4 small lesions than one trained on as many slices" in lead
    assert spec["description"].endswith(lead)
    rows = next(layer["data"]["values"] for layer in spec["layer"] if "close" in layer["data"]["values"][0])
    assert [row["words"] for row in rows] == ["fully sampled", "other", "one\nof two"]
    assert [row["value"] for row in rows] == pytest.approx([100, 75, 50])
    assert rows[0]["low"] is None
    assert rows[1]["low"] < 75
    assert rows[2]["low"] == pytest.approx(50)
    assert rows[0]["shown"] == pytest.approx(100)


def test_a_network_that_keeps_less_is_said_to(scored):
    lesion = lesions(scored, "P", "small")[0]
    back = dimmed_chart(scored, Drawn(), lesion, dict(reversed(WORDS.items())), "P and Q", "simulated").to_dict()
    assert "keeps 25.0 [" in back["description"]
    assert "] percentage points less of the contrast of all 4 small lesions than one" in back["description"]
    assert " ".join(back["title"]) == "Networks dim small lesions (simulated data)"


class Stretched(Drawn):
    """Reconstructions with a contrast other than that of the target, by arm in per cent."""

    def __init__(self, **shares):
        self.shares = {"P": shares["healthy"], "P and Q": shares["both"]}

    def reconstruction(self, arm, lesion):
        return self.target(lesion) * self.shares[arm] / 100


def test_no_lesion_leaves_the_plot(scored):
    lesion = lesions(scored, "P", "small")[0]

    def ends(**shares):
        spec = dimmed_chart(scored, Stretched(**shares), lesion, WORDS, MORE, "simulated").to_dict()
        domains = [layer["encoding"]["x"]["scale"]["domain"] for layer in spec["layer"] if "'domain'" in str(layer)]
        assert all(domain == domains[0] for domain in domains)
        return domains[0]

    assert ends(healthy=60, both=80) == [0, 110]
    assert ends(healthy=60, both=150) == pytest.approx([0, 150], abs=0.01)
    assert ends(healthy=-30, both=80) == pytest.approx([-30, 110], abs=0.01)


def test_the_message_holds_only_as_far_as_the_intervals():
    half, whole, more = Interval(0.5, 0.4, 0.6, 9), Interval(1.0, 0.9, 1.1, 9), Interval(0.1, 0.05, 0.15, 9)
    assert in_short({"P": half}, more) == "Networks dim small lesions, but less so if also trained on lesions"
    assert in_short({"P": half}, whole) == in_short({"P": half}, more)
    assert in_short({"P": half}, Interval(0.1, -0.1, 0.3, 9)) == "Networks dim small lesions"
    assert in_short({"P": half, "P and Q": whole}, more) == "What is left of the contrast of small lesions"


def test_the_typical_lesion_has_the_mean_difference(scored):
    small = lesions(scored, "P", "small")
    assert contrast_kept(scored, "P and Q", "small", over="P").value == pytest.approx(0.25)  # of 0.21, 0.30, 0.27, 0.22
    assert typical(scored, small, ("P", "P and Q")) == small[2]
    assert typical(scored, [small[1], small[3]], ("P", "P and Q")) == small[3], "of those to choose from"


def test_networks_are_drawn_above_the_line_from_which_their_height_is_measured(scored):
    spec = above_the_line(scored, "small", "simulated").to_dict()
    rows = spec["layer"][0]["data"]["values"]
    above = [row["y"] - row["line"] for row in rows]
    assert sum(above[:4]) == pytest.approx(0)
    assert sum(above[4:]) / 3 == pytest.approx(height(scored, "small").value)
    assert "in small lesions" in str(spec)


def test_what_is_more_alike_than_to_the_target(scored):
    chosen = lesions(scored, "P", "small")[:2]
    assert nearer_to_each_other(Drawn(), chosen, ("flat", "flatter")) == [True, True]
    assert nearer_to_each_other(Drawn(), chosen, ("same", "flat")) == [False, False]


def test_the_first_slice_of_each_population_is_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    picture = first_slices({"more": [ILL, ILL], "ill": [ILL]}, Heads(), "simulated")
    assert "test slice each, more and ill, lesions marked" in picture.alt
    assert picture.title.endswith("(simulated)")
