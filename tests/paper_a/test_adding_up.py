"""Changes by single differences are added up from one start, and what is left of their joint change is named."""

from mrilib.paper_a.paper_versus_code.adding_up import PARTS, START, WHOLE, in_words
from mrilib.paper_a.paper_versus_code.fidelity import ARMS, PUBLISHED


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


def test_the_parts_the_whole_and_the_interaction_are_told():
    scores = {START: [0.5, 0.6], WHOLE: [0.7, 0.8]} | {arm: [0.51, 0.61] for arm in PARTS}
    told = in_words(
        Stored(scores), ["score: mean and std matched", "pixels, not lines", "5 % drawn with replacement"]
    ).data
    assert "the last row leaves out the score, and some rows above it (of *hold-out*) start from other versions" in told
    assert "add up to +0.060 [0.060, 0.060]; together they cause +0.200 [0.200, 0.200]" in told
    assert "The rest, +0.140 [0.140, 0.140], is their interaction" in told


def test_arms_that_were_not_run_leave_no_number():
    told = in_words(Stored({START: [0.5], WHOLE: [0.6]}), ["5 % drawn with replacement"]).data
    assert told == "**No:** the last row leaves out the score."
