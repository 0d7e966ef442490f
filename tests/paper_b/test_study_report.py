"""A study's tables and chart hold its means and paired differences under the names of arms and groups."""

import pytest

from mrilib.figures.dots import SMALL
from mrilib.paper_b.one_model_or_many.report import (
    against_longer_in_words,
    differences_table,
    in_words,
    longer_chart,
    pairs_table,
    role,
    scores_table,
    sharing_chart,
    specialist_chart,
    specialists_chart,
)
from mrilib.paper_b.study import Study
from mrilib.paper_b.trainings import Trainings

SCORES = {
    ("P", "knee"): [0.8, 0.9],
    ("P", "brain"): [0.5, 0.7],
    ("both", "knee"): [0.8, 0.8],
    ("both", "brain"): [0.9, 0.9],
}
GROUPS = {"P": ("knee",), "Q": ("brain",)}
COMPARED = {"both_minus_p": ("both", "P", "Q")}


@pytest.fixture
def study():
    made = Study("none", {"P": None, "both": None}, {"knee": None, "brain": None})
    made._read.update({place: {"ssim": scores} for place, scores in SCORES.items()})
    return made


def test_scores_stand_beside_the_number_of_slices(study):
    found = scores_table(study, GROUPS, {"P": 1200, "both": 2400}, "A caption")
    assert found.headings == ("trained on", "slices", "SSIM on P", "SSIM on Q")
    assert found.cells[0][:2] == ("P", "1,200")
    assert found.cells[0][2].startswith("0.850")
    assert found.cells[1][3].startswith("0.900")


def test_differences_are_of_the_side_that_is_named(study):
    found = differences_table(study, GROUPS, COMPARED, "A caption")
    assert found.cells[0][:3] == ("Q", "both", "P")
    assert found.cells[0][3].startswith("0.300")
    several = pairs_table({"anatomy": (study, GROUPS)}, COMPARED, "A caption")
    assert several.headings == ("pair", "on Q: both minus P")
    assert several.cells[0][1].startswith("0.300")


@pytest.fixture
def pairs():
    made = Study("none", dict.fromkeys(("P", "Q", "P and Q")), {"knee": None, "brain": None})
    scores = {("P", "knee"): 0.9, ("Q", "knee"): 0.6, ("P", "brain"): 0.5, ("Q", "brain"): 0.8}
    scores |= {("P and Q", "knee"): 0.9, ("P and Q", "brain"): 0.8}
    made._read.update({place: {"ssim": [score, score]} for place, score in scores.items()})
    return {"anatomy": (made, GROUPS)}


def test_the_network_of_both_is_drawn_inside_the_ring_of_the_specialist(pairs):
    spec = specialists_chart(pairs, "simulated").to_dict()
    knee, brain = spec["description"].split(": ", 1)[1].split("; ")
    assert knee == (
        "knee: other side's specialist 0.600, this side's specialist 0.900, one network for both 0.900, "
        "0.000 [0.000, 0.000]"
    )
    assert brain.startswith(
        "brain: other side's specialist 0.500, this side's specialist 0.800, one network for both 0.800"
    )
    sizes = [layer["mark"]["size"] for layer in spec["layer"] if layer["mark"]["type"] == "point"]
    assert sizes[1] > 2 * sizes[2], "a ring, then a dot that fits into it"


def test_a_chart_without_pairs_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        specialists_chart({}, "simulated")


@pytest.mark.parametrize(
    ("score", "message"),
    [(0.9, "is as good as each specialist"), (0.8, "is worse than the specialist on 1 of 2 sides")],
)
def test_the_message_counts_the_sides_on_which_sharing_costs(pairs, score, message):
    pairs["anatomy"][0]._read["P and Q", "knee"] = {"ssim": [score, score]}
    assert message in " ".join(specialists_chart(pairs, "simulated").to_dict()["title"])


def test_the_dot_plot_has_a_line_for_each_side_and_leaves_out_what_is_no_specialist(study):
    compared = {"joint_minus_q": ("both", "P", "Q"), "half_minus_joint_q": ("both", "P", "Q")}
    compared["ood_minus_p"] = ("both", "P", "P")
    drawn = sharing_chart({"anatomy": (study, GROUPS)}, compared, "simulated").to_dict()
    message = "Ten to one: differences from the specialist (simulated data)"
    assert drawn["description"] == f"{message}: brain, network trained on both +0.300"


def test_the_title_of_the_dot_plot_counts_the_cases_by_the_number_of_slices(pairs):
    pairs["anatomy"][0]._read["half", "knee"] = {"ssim": [0.8, 0.8]}
    pairs["anatomy"][0]._read["half", "brain"] = {"ssim": [0.8, 0.8]}
    sides = ("P", "Q")
    compared = {f"half_minus_{side}": ("half", side, side) for side in sides}
    compared |= {f"joint_minus_{side}": ("P and Q", side, side) for side in sides}
    title = " ".join(sharing_chart(pairs, compared, "simulated").to_dict()["title"])
    assert title == (
        "With as many slices in total, one network for both is worse than the specialist in 1 of 2 cases; with "
        "twice as many, in none (simulated data)"
    )


def test_one_number_of_slices_is_drawn_alone_and_its_title_counts_the_cases(pairs):
    pairs["anatomy"][0]._read["half", "knee"] = {"ssim": [0.8, 0.8]}
    pairs["anatomy"][0]._read["half", "brain"] = {"ssim": [0.8, 0.8]}
    compared = {"half_minus_p": ("half", "P", "P"), "half_minus_q": ("half", "Q", "Q")}
    compared["joint_minus_p"] = ("P and Q", "P", "P")
    half = specialist_chart(pairs, compared, "half_minus", "simulated").to_dict()
    assert half["description"] == (
        "With as many slices in total, one network for both is measurably worse than the specialist in 1 of 2 cases "
        "(simulated data): knee −0.100; brain 0.000"
    )
    whole = specialist_chart(pairs, compared, "joint_minus", "simulated").to_dict()
    assert (
        "With twice as many slices, one network for both is measurably worse than the specialist in none of 1 cases"
        in whole["description"]
    )


def test_every_training_run_is_a_small_dot(pairs):
    (study, groups), compared = pairs["anatomy"], {"half_minus_p": ("half", "P", "P")}
    scores = {0: [0.8, 0.8], 1: [0.9, 0.9]}
    runs = [Study("none", study.arms, study.tests) for _ in scores]
    for seed, one in enumerate(runs):
        one._read.update(study._read | {("half", "knee"): {"ssim": scores[seed]}})
    several = {"anatomy": (Trainings(runs), groups)}
    spec = specialist_chart(several, compared, "half_minus", "simulated").to_dict()
    drawn = [layer for layer in spec["layer"] if layer["mark"].get("size") == SMALL]
    assert [row["value"] for row in drawn[0]["data"]["values"]] == [pytest.approx(-0.1), pytest.approx(0)]
    assert "single training runs" in str(spec)


def test_longer_training_stands_below_the_customary_one(pairs):
    (study, groups), compared = pairs["anatomy"], {"half_minus_p": ("half", "P", "P")}
    study._read["half", "knee"] = {"ssim": [0.8, 0.8]}
    longer = Study("none", study.arms, study.tests)
    longer._read.update(study._read | {("half", "knee"): {"ssim": [0.9, 0.9]}})
    lengths = {"1 epoch": pairs, "2 epochs": {"anatomy": (longer, groups)}}
    assert longer_chart(lengths, compared, "simulated").to_dict()["description"] == (
        "With as many slices in total, one network for both is measurably worse in 1 of 1 cases after 1 epoch and "
        "0 of 1 after 2 epochs (simulated, one run each): knee, 1 epoch −0.100; knee, 2 epochs 0.000"
    )


def test_the_sentences_give_the_range_over_pairs_and_sides(study):
    compared = {"joint_minus_p": ("both", "P", "P"), "joint_minus_q": ("both", "P", "Q")}
    (told,) = in_words({"anatomy": (study, GROUPS)}, compared)
    assert told.startswith("**Network trained on both:** −0.050 [")
    assert " (knee) to +0.300 [" in told
    assert told.endswith("(brain).")
    assert role("half_minus_joint_p") == ""


def test_with_equal_steps_the_specialists_are_those_trained_for_longer(pairs):
    (study, groups) = pairs["anatomy"]
    longer = Study("none", study.arms, study.tests)
    longer._read.update(study._read | {("Q", "brain"): {"ssim": [0.9, 0.9]}})
    (told,) = against_longer_in_words(pairs, {"anatomy": (longer, groups)})
    assert told == (
        "**Network trained on both, against specialists trained for twice as many epochs (one training run):** "
        "−0.100 [−0.100, −0.100] (brain) to 0.000 [0.000, 0.000] (knee)."
    )
    assert against_longer_in_words({}, {}) == []


def test_a_tenth_alone_is_told_from_the_specialist():
    assert role("skewed_minus_few_q") == "ten to one, minus the network trained on the tenth alone"
    assert role("skewed_minus_q") == "ten to one, minus the specialist"
