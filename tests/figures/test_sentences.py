"""Sentences state the number of an interval and what it supports."""

import math

import pytest

from mrilib.figures.sentences import bullets, listed, measured, number, percent, verdict
from mrilib.gap import FractionClosed, Interval

WORDS = ("gains {}", "loses {}", "does not change ({})")


@pytest.mark.parametrize(
    ("value", "options", "text"),
    [
        (-0.0004, {}, "0.000"),
        (0.0004, {"signed": True}, "0.000"),
        (-0.0236, {}, "−0.024"),
        (0.0236, {"signed": True}, "+0.024"),
        (100.0, {"digits": 0}, "100"),
    ],
)
def test_a_number_has_a_true_minus_and_no_negative_zero(value, options, text):
    assert number(value, **options) == text


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (Interval(0.02, 0.01, 0.03, 12), "gains 0.020 [0.010, 0.030]"),
        (Interval(-0.02, -0.03, -0.01, 12), "loses 0.020 [0.010, 0.030]"),
        (Interval(-0.001, -0.003, 0.002, 12), "does not change (−0.001 [−0.003, 0.002])"),
    ],
)
def test_the_interval_chooses_the_sentence(found, sentence):
    assert verdict(found, *WORDS) == sentence


def test_names_stand_before_their_numbers():
    assert listed({"trained on knees": 0.67412, "trained on brains": -0.0004}) == (
        "trained on knees 0.674, trained on brains 0.000"
    )


def test_one_sample_has_no_interval():
    assert measured(Interval(0.5, -math.inf, math.inf, 1)) == "0.500 [n = 1: no interval]"


def test_shares_are_in_per_cent_or_say_why_they_are_undefined():
    assert percent(FractionClosed(Interval(0.431, 0.3199, 0.56, 18))) == "43 % [32, 56]"
    assert percent(FractionClosed(None, "no gap")) == "an undefined share (no gap)"


def test_points_of_a_list():
    assert bullets(["one", "two"]).data == "- one\n- two"
