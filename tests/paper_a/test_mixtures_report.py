"""The charts of mixtures: the nearest mixture in the title, and how many paths turn."""

import json

from mrilib.paper_a.mixtures import report
from mrilib.paper_a.mixtures.sweep import Outcome

CORNER = {
    0.0: {"P": [0.9, 0.91, 0.92], "Q": [0.6, 0.61, 0.62]},
    0.25: {"P": [0.89, 0.9, 0.91], "Q": [0.88, 0.89, 0.9]},
    1.0: {"P": [0.6, 0.61, 0.62], "Q": [0.9, 0.91, 0.92]},
}
STRAIGHT = CORNER | {0.25: {"P": [0.82, 0.83, 0.84], "Q": [0.68, 0.69, 0.7]}}


def test_the_title_says_whether_the_nearest_mixture_is_almost_enough():
    spec = report.path(CORNER, 0.4, "anatomy", "simulated").to_dict()
    told = "is almost enough: one network does nearly as well as two (simulated data)"
    assert " ".join(spec["title"]) == f"Taking a quarter of the training slices from brains (Q) {told}"
    assert json.dumps(spec).count("SSIM on knees (P)") >= 1
    assert "share of Q 0.25: 0.900 on P, 0.890 on Q" in spec["description"]
    straight = " ".join(report.path(STRAIGHT, 0.25, "anatomy", "simulated").to_dict()["title"])
    assert straight.startswith("Taking a quarter of the training slices from brains (Q) is not clearly enough")
    third = {**{share: CORNER[share] for share in (0.0, 1.0)}, 0.3: CORNER[0.25]}
    other = " ".join(report.path(third, 0.25, "anatomy", "simulated").to_dict()["title"])
    assert other.startswith("Taking 30 % of the training slices from brains (Q) is almost enough")


def test_without_a_mixture_only_the_ends_are_told():
    ends = {coefficient: CORNER[coefficient] for coefficient in (0.0, 1.0)}
    title = " ".join(report.path(ends, 0.25, "anatomy", "simulated").to_dict()["title"])
    assert title == "No mixture is trained: the path has only its ends (simulated data)"


def test_the_paths_that_turn_are_counted():
    ends = {coefficient: CORNER[coefficient] for coefficient in (0.0, 1.0)}
    spec = report.paths({"one": CORNER, "an_other": STRAIGHT, "none": ends}, 0.25, "simulated").to_dict()
    title = " ".join(spec["title"])
    assert "clearly more than half is gained on Q and kept on P under 1 of 2 shifts (simulated data)" in title
    assert '["one", "gained 93 % [' in spec["facet"]["header"]["labelExpr"]
    assert '"none"' not in spec["facet"]["header"]["labelExpr"]
    assert spec["facet"]["sort"] == ["one", "an other"]


def test_the_curves_are_titled_with_what_a_mixture_gains_and_costs():
    told = report.curves_title(CORNER, 0.3, "an_other", "simulated")
    assert told == "Training with 25 % from Q gains 0.280 in SSIM there and costs 0.010 on P (simulated data)"


def test_without_any_mixture_the_ends_are_drawn():
    ends = {coefficient: CORNER[coefficient] for coefficient in (0.0, 1.0)}
    spec = report.paths({"one": ends}, 0.25, "simulated").to_dict()
    assert "under 0 of 0 shifts (simulated data)" in " ".join(spec["title"])
    assert spec["facet"]["sort"] == ["one"]


def test_three_sentences_say_where_the_l_appears_and_what_it_costs():
    outcomes = {name: Outcome(one[0.25], one[0.0], one[1.0]) for name, one in (("a_b", CORNER), ("c", STRAIGHT))}
    path, gained, lost = report.findings(outcomes).data.splitlines()
    assert (
        path
        == "- **The path.** The L-shaped path appears under a b; the L-shaped path does not clearly appear under c."
    )
    assert gained.startswith("- **Gained on Q:** a b 93 % [")
    assert "c 0.080 [" in lost


def test_shares_are_drawn_shift_by_shift_and_those_that_turn_are_counted():
    outcomes = {name: Outcome(one[0.25], one[0.0], one[1.0]) for name, one in (("anatomy", CORNER), ("x", STRAIGHT))}
    spec = report.shares_chart(outcomes, "simulated").to_dict()
    assert "more than half of the lead on P kept under 1 of 2 shifts (simulated data)" in " ".join(spec["title"])
    assert "anatomy: gained 93 % [" in spec["description"]
    rows = [row for layer in spec["layer"] for row in layer.get("data", {}).get("values", ()) if "series" in row]
    labels = {row["label"] for row in rows if row["name"].startswith("anatomy")}
    assert {label[:16] for label in labels} == {"gained on Q 93 %", "kept on P 97 % ["}


def test_the_curves_are_named_in_words_and_follow_a_slider():
    spec = report.curves_chart(CORNER, 0.25, "anatomy", "simulated").to_dict()
    assert "Training with 25 % from brains (Q) gains 0.280" in " ".join(spec["title"])
    assert '"SSIM on knees (P)"' in json.dumps(spec)
    assert spec["params"][0]["bind"]["name"] == "share of brains "


def test_the_ends_are_told_by_their_scores():
    assert report.ends_message([0.9, 0.7], [0.6, 0.8]).startswith("Each network is better")
    assert report.ends_message([0.7, 0.9], [0.6, 0.8]).startswith("Only one")
    assert report.ends_message([0.7, 0.9], [0.8, 0.6]).startswith("Neither")
