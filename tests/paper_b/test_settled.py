"""Doubling the training moves a difference by its interval's half width, or by less, or by more."""

import pytest

from mrilib.gap import Interval
from mrilib.paper_b.settled import doubling_moves


@pytest.mark.parametrize(("before", "moved"), [(0.03, 0.0), (0.02, 0.5), (0.05, 1.0), (-0.03, 3.0)])
def test_the_move_is_counted_in_half_widths_of_the_interval_after_it(before, moved):
    found = doubling_moves(Interval(before, before - 9, before + 9, 4), Interval(0.03, 0.01, 0.05, 4))
    assert found == pytest.approx(moved)
