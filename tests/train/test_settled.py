"""Doubling the training moves a difference by its interval's half width, or by less, or by more."""

from math import inf

import pytest

from mrilib.gap import Interval
from mrilib.train.settled import doubling_moves


@pytest.mark.parametrize(("before", "moved"), [(0.03, 0.0), (0.02, 0.5), (0.05, 1.0), (-0.03, 3.0)])
def test_the_move_is_counted_in_half_widths_of_the_stated_interval(before, moved):
    first, after = (Interval(value, value - 9, value + 9, 4) for value in (before, 0.03))
    assert doubling_moves(first, after, stated=Interval(0.02, 0.0, 0.04, 4)) == pytest.approx(moved)


@pytest.mark.parametrize("half", [0, inf])
def test_without_an_interval_nothing_is_settled(half):
    same = Interval(0.03, 0.03 - half, 0.03 + half, 1)
    assert doubling_moves(same, same, stated=same) == inf


@pytest.mark.parametrize("missing", ["before", "after", "stated"])
def test_nothing_is_settled_about_an_undefined_result(missing):
    same = Interval(0.03, 0.02, 0.04, 4)
    assert doubling_moves(**({"before": same, "after": same, "stated": same} | {missing: None})) == inf
