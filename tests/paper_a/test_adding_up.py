"""Changes by single differences are added up from one start, and what is left of their joint change is named."""

from mrilib.paper_a.paper_versus_code.adding_up import PARTS, START, WHOLE, paragraph
from mrilib.paper_a.paper_versus_code.fidelity import ARMS, PUBLISHED
from mrilib.ttt import Settings


class Stored:
    """Scores by arm, as `Bench.found` gives them."""

    def __init__(self, scores):
        self.found = scores.get


def test_the_parts_are_all_of_what_the_published_method_changes():
    start, whole = ARMS[START], ARMS[WHOLE]
    changed = {key for arm in PARTS for key in ARMS[arm].settings}
    assert changed == PUBLISHED.keys()
    assert (ARMS["filled maps"].network, ARMS["filled maps"].maps) == (whole.network, whole.maps)
    assert start == type(start)()


DRAWN = [
    "score: mean and std matched",
    "window of 100, not first rise",
    "pixels, not lines",
    "5 % drawn with replacement",
]


def test_the_parts_the_whole_and_the_interaction_are_told():
    scores = {START: [0.5, 0.6], WHOLE: [0.7, 0.8]} | {arm: [0.51, 0.61] for arm in PARTS}
    told = paragraph(Stored(scores), DRAWN).data
    assert "add up to +0.060 [0.060, 0.060]; changed together, they give +0.200 [0.200, 0.200]" in told
    assert told.endswith(
        "The difference, +0.140 [0.140, 0.140], is their interaction: one change alters the effect of another."
    )


def test_a_rest_whose_interval_contains_zero_is_no_interaction():
    start = [0.5, 0.6, 0.7, 0.8]
    changed = {arm: [one + 0.01 for one in start] for arm in PARTS}
    whole = [one + 0.06 + rest for one, rest in zip(start, (0.1, -0.02, 0.05, -0.03), strict=True)]
    told = paragraph(Stored({START: start, WHOLE: whole} | changed), DRAWN).data
    assert "The difference, +0.025 [−" in told
    assert told.endswith("cannot be distinguished from 0: the changes may simply add up.")
    assert "interaction" not in told


def test_every_row_that_is_drawn_but_not_added_is_named_with_its_reason():
    assert paragraph(Stored({START: [0.5], WHOLE: [0.6]}), DRAWN).data == (
        "**Do the rows of the chart add up to the last one?** They are not meant to: the chart shows a selection; "
        "the last row leaves out the score and the masks; *stop after 100 iterations without gain* starts from "
        "another version of the method; and *single pixels held out, not lines* applies to both sides of the last row."
    )
    short = "window of 20, scaled; not ours"
    told = paragraph(Stored({}), [short, "zeros of the maps filled", "coil maps cropped at 0.8"]).data
    assert "*coil maps maximal outside the body* and *coil maps set to zero outside the body* start from other" in told
    assert "and *window of 20, not the library's* is no part of the last row" in told


def test_rows_that_are_parts_of_the_last_row_have_no_other_reason():
    told = paragraph(Stored({}), ["5 % drawn with replacement", "network input: per-part RSS"]).data
    assert told.endswith("the chart shows a selection; and the last row leaves out the score and the masks.")


def test_the_last_row_leaves_out_the_masks_and_holds_out_pixels_on_both_sides():
    whole, start = ARMS[WHOLE], ARMS[START]
    assert whole.sampling is start.sampling is None
    assert whole.score == start.score
    assert Settings(**whole.settings).unit == Settings().unit == "pixels"
