"""The gap, the fraction closed and their intervals, against numbers known in closed form."""

from math import inf

import numpy as np
import pytest

from mrilib.gap import Interval, bootstrap_mean, fraction_closed, performance_gap


def normal(n, seed=0, mean=0.8, deviation=0.05):
    return mean + deviation * np.random.default_rng(seed).standard_normal(n)


def width(interval):
    return interval.high - interval.low


def test_constant_scores_leave_no_doubt():
    assert bootstrap_mean([0.5] * 7) == Interval(0.5, 0.5, 0.5, 7)


def test_two_scores_have_a_bootstrap_distribution_of_three_values():
    """Of (0, 1) a resample's mean is 0, ½, 1 with probability ¼, ½, ¼, so the 95 % interval is all of it."""
    assert bootstrap_mean([0.0, 1.0]) == Interval(0.5, 0.0, 1.0, 2)


def test_many_scores_give_the_normal_interval():
    scores = normal(400)
    interval = bootstrap_mean(scores)
    assert interval.value == pytest.approx(scores.mean())
    half = 1.96 * scores.std() / 20
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.1 * half)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.1 * half)


def test_the_interval_shrinks_with_the_root_of_the_number_of_slices():
    assert width(bootstrap_mean(normal(640))) == pytest.approx(width(bootstrap_mean(normal(40))) / 4, rel=0.3)


def test_the_interval_covers_the_mean_about_as_often_as_it_says():
    intervals = [bootstrap_mean(normal(40, seed)) for seed in range(150)]
    covered = sum(interval.low <= 0.8 <= interval.high for interval in intervals)
    assert 0.88 <= covered / 150 <= 0.99


def test_same_seed_same_interval_and_global_random_state_untouched():
    before = np.random.get_state()[1].copy()
    scores = normal(20)
    assert bootstrap_mean(scores, 1) == bootstrap_mean(scores, 1)
    assert bootstrap_mean(scores, 1) != bootstrap_mean(scores, 2)
    assert (np.random.get_state()[1] == before).all()


def test_the_gap_is_the_difference_of_means_on_the_same_slices():
    gap = performance_gap([0.9, 0.8, 0.7], [0.7, 0.6, 0.5])
    assert [gap.value, gap.low, gap.high] == pytest.approx([0.2] * 3)
    assert gap.n == 3


def test_pairing_removes_what_the_slices_have_in_common():
    difficulty = normal(50, deviation=0.1)
    q, p = difficulty + normal(50, 1, 0.05, 0.01), difficulty
    unpaired = np.hypot(width(bootstrap_mean(q)), width(bootstrap_mean(p)))
    gap = performance_gap(q, p)
    assert width(gap) < unpaired / 5
    assert gap.excludes_zero
    assert gap.value == pytest.approx(q.mean() - p.mean())


def test_which_intervals_exclude_zero():
    assert Interval(1, 0.1, 2, 5).excludes_zero
    assert Interval(-1, -2, -0.1, 5).excludes_zero
    assert not Interval(0.1, -0.1, 0.3, 5).excludes_zero
    assert not Interval(0.1, 0.0, 0.3, 5).excludes_zero


def test_fraction_closed_of_known_gaps():
    base = normal(12)
    closed = fraction_closed(base + 0.2, base, base + 0.25, base + 0.20)
    assert closed.interval is not None
    assert closed.interval.value == pytest.approx(0.75)
    assert width(closed.interval) == pytest.approx(0, abs=1e-9)
    assert closed.interval.n == 12
    assert str(closed) == "75.0% [75.0%, 75.0%]"


def test_fraction_closed_has_the_interval_of_a_ratio():
    """With a constant gap before of 0.2, the fraction's interval is that of the gap after, divided by 0.2."""
    base, after = normal(30), normal(30, 3, 0.03, 0.02)
    closed = fraction_closed(base + 0.2, base, base + after, base).interval
    gap_after = performance_gap(base + after, base)
    assert closed is not None
    expected = [1 - gap_after.value / 0.2, 1 - gap_after.high / 0.2, 1 - gap_after.low / 0.2]
    assert [closed.value, closed.low, closed.high] == pytest.approx(expected, abs=1e-6)


def test_more_than_all_of_the_gap_can_be_closed():
    base = normal(10)
    assert fraction_closed(base + 0.1, base, base, base + 0.01).interval.value == pytest.approx(1.1)


def test_fraction_closed_is_undefined_without_a_gap_before():
    q, p = normal(20, 1), normal(20, 2)
    closed = fraction_closed(q, p, q, p)
    assert closed.interval is None
    assert str(closed).startswith("undefined: the gap before, ")
    assert str(closed).endswith("is not distinguishable from a gap of 0")
    assert str(performance_gap(q, p)) in closed.reason


def test_fraction_closed_is_undefined_when_training_on_p_was_better():
    base = normal(20)
    closed = fraction_closed(base - 0.1, base, base, base)
    assert closed.interval is None
    assert "below 0" in closed.reason


def test_one_slice_gives_a_mean_and_no_interval():
    alone = bootstrap_mean([0.5])
    assert alone == Interval(0.5, -inf, inf, 1)
    assert not alone.bounded
    assert not alone.excludes_zero
    assert str(alone) == "0.500 [n = 1: no interval]"
    gap = performance_gap([0.75], [0.5])
    assert (gap.value, gap.bounded, gap.n) == (0.25, False, 1)
    closed = fraction_closed([0.75], [0.5], [0.75], [0.75])
    assert closed.interval is None
    assert "0.250 [n = 1: no interval], is not distinguishable from a gap of 0" in closed.reason


def test_intervals_are_printed_to_three_digits():
    assert str(Interval(0.81234, 0.7, 0.9, 5)) == "0.812 [0.700, 0.900]"


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "at least 1 slice"),
        (0.5, "at least 1 slice"),
        ([[0.1, 0.2], [0.3, 0.4]], "at least 1 slice"),
        ([0.5, float("nan")], "diverged"),
        ([0.5, float("inf")], "diverged"),
    ],
)
def test_scores_that_have_no_mean(scores, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_mean(scores)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"equal lists.*\(2,\), \(3,\)"):
        performance_gap([0.1, 0.2, 0.3], [0.1, 0.2])
    with pytest.raises(ValueError, match="equal lists"):
        fraction_closed([0.1] * 3, [0.1] * 3, [0.1] * 3, [0.1] * 4)
    with pytest.raises(ValueError, match="diverged"):
        performance_gap([0.1, 0.2], [0.1, float("nan")])
