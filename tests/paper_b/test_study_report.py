"""A study's tables and chart hold its means and paired differences under the names of arms and groups."""

import pytest

from mrilib.paper_b.one_model_or_many.report import (
    arms_chart,
    differences_table,
    in_words,
    pairs_table,
    role,
    scores_table,
    sharing_chart,
)
from mrilib.paper_b.study import Study

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


def test_the_chart_draws_every_arm_on_every_group(study):
    spec = str(arms_chart(study, GROUPS, "A message").to_dict())
    for word in ("tested on P", "tested on Q", "both", "0.85", "A message"):
        assert word in spec


def test_the_dot_plot_has_a_line_for_each_side_and_leaves_out_what_is_no_specialist(study):
    compared = {"joint_minus_q": ("both", "P", "Q"), "half_minus_joint_q": ("both", "P", "Q")}
    drawn = sharing_chart({"anatomy": (study, GROUPS)}, compared, "A message").to_dict()
    assert drawn["description"] == "A message: tested on brain, network trained on both +0.300"
    (told,) = in_words({"ViT": (study, GROUPS)}, compared)
    assert told.startswith("**knee and brain, ViT:** network trained on both +0.300")
    assert told.count("on brain") == 1


def test_a_tenth_alone_is_told_from_the_specialist():
    assert role("skewed_minus_few_q") == "ten to one, minus the network trained on the tenth alone"
    assert role("skewed_minus_q") == "ten to one, minus the specialist"
