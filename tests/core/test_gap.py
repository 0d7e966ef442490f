"""The gap, the fraction closed and their intervals, against numbers known in closed form."""

from math import inf

import numpy as np
import pytest

from mrilib.gap import (
    Interval,
    at_least,
    bootstrap_interval,
    correlation,
    fraction_closed,
    mean_interval,
    performance_gap,
    ratio_of_means,
)


def normal(n, seed=0, mean=0.8, deviation=0.05):
    return mean + deviation * np.random.default_rng(seed).standard_normal(n)


def width(interval):
    return interval.high - interval.low


def test_constant_scores_leave_no_doubt():
    assert mean_interval([0.5] * 7) == Interval(0.5, 0.5, 0.5, 7)


def test_symmetric_scores_have_students_interval():
    """Of −1, 0, 1 the mean is 0 and its error 1/√3; Student's t with 2 degrees of freedom is 4.30265."""
    interval = mean_interval([-1.0, 0.0, 1.0])
    assert [interval.low, interval.high] == pytest.approx([-4.30265 / 3**0.5, 4.30265 / 3**0.5], abs=1e-4)


def test_skewed_scores_reach_further_to_their_long_side():
    """The test of Hall's interval against its definition: g(T) at both ends is Student's quantile."""
    scores = np.array([0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 3.0, 5.0])
    found = mean_interval(scores)
    assert found.high - found.value > found.value - found.low
    n, error = len(scores), scores.std(ddof=1) / np.sqrt(len(scores))
    a = ((scores - scores.mean()) ** 3).mean() / scores.std() ** 3 / np.sqrt(n)
    ends = [(scores.mean() - end) / error for end in (found.high, found.low)]
    assert [t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6 for t in ends] == pytest.approx([-2.36462, 2.36462], abs=1e-4)


def test_one_far_slice_stretches_the_interval_but_so_far():
    """Without a limit its long side would be several times Student's."""
    scores = [*normal(11), 1.5]
    found, error = mean_interval(scores), np.std(scores, ddof=1) / 12**0.5
    assert 1.4 < (found.high - found.value) / (2.20099 * error) < 1.8
    assert 0.6 < (found.value - found.low) / (2.20099 * error) < 1


def test_many_scores_give_the_normal_interval():
    scores = normal(400)
    interval = mean_interval(scores)
    assert interval.value == pytest.approx(scores.mean())
    half = 1.96 * scores.std() / 20
    assert interval.low == pytest.approx(scores.mean() - half, abs=0.02 * half)
    assert interval.high == pytest.approx(scores.mean() + half, abs=0.02 * half)


def test_the_interval_shrinks_with_the_root_of_the_number_of_slices():
    assert width(mean_interval(normal(640))) == pytest.approx(width(mean_interval(normal(40))) / 4, rel=0.3)


def drawn(generator, kind, size):
    """Standardised draws: Gaussian, or Gamma(2) with a skewness of √2."""
    if kind == "gaussian":
        return generator.standard_normal(size)
    return (generator.gamma(2, size=size) - 2) / 2**0.5


@pytest.mark.parametrize("kind", ["gaussian", "skewed"])
@pytest.mark.parametrize("trainings", [1, 3, 5])
@pytest.mark.parametrize("slices", [6, 12, 24])
def test_the_interval_covers_the_mean_as_often_as_it_says(kind, trainings, slices):
    """Slices differ, trainings shift all of them alike, and both interact; with one training its shift is the truth."""
    draw, covered, repeats = np.random.default_rng(5), 0, 2000
    for _ in range(repeats):
        shared = draw.standard_normal((trainings, 1)) * (trainings / slices) ** 0.5 * (trainings > 1)
        table = shared + drawn(draw, kind, (1, slices)) + 0.5 * draw.standard_normal((trainings, slices))
        interval = mean_interval(table)
        covered += interval.low <= 0 <= interval.high
    assert 0.93 <= covered / repeats <= 0.97


def test_percentiles_of_few_slices_would_cover_less():
    """Why the intervals are not percentiles of a bootstrap: of 6 slices these cover 86 %, of 12 some 91 %."""
    draw = np.random.default_rng(1)
    covered = []
    for slices in (6, 12):
        tables = draw.standard_normal((400, slices))
        means = np.array([one[draw.integers(slices, size=(500, slices))].mean(1) for one in tables])
        low, high = np.percentile(means, [2.5, 97.5], axis=1)
        covered.append(((low <= 0) & (high >= 0)).mean())
    assert covered[0] < 0.89
    assert covered[1] < 0.93


def test_a_statistic_that_is_a_mean_has_students_interval():
    draw, scores = np.random.default_rng(2), normal(12)
    samples = scores[draw.integers(12, size=(20_000, 12))].mean(1)
    found = bootstrap_interval(scores.mean(), samples, 12)
    half = 2.20099 * scores.std(ddof=1) / 12**0.5
    assert [found.low, found.high] == pytest.approx([scores.mean() - half, scores.mean() + half], abs=0.02 * half)


def test_trainings_that_differ_widen_the_interval():
    """Three trainings apart by ten times the spread of slices: Student's t with 2 degrees of freedom over trainings."""
    shift = np.array([[-1.0], [0.0], [1.0]])
    found = mean_interval(shift + 0.01 * np.tile(normal(24, deviation=1), (3, 1)))
    assert width(found) == pytest.approx(2 * 4.30265 / 3**0.5, rel=0.02)
    assert (found.n, found.trainings) == (24, 3)
    assert mean_interval(normal(5)).trainings == 1


def test_the_same_training_twice_is_no_new_evidence_about_slices():
    scores = normal(12)
    twice, once = mean_interval(np.stack([scores, scores])), mean_interval(scores)
    assert [twice.value, twice.low, twice.high] == pytest.approx([once.value, once.low, once.high])


def test_slices_of_one_patient_count_once():
    """Each patient's slice five times over is what each patient's slice once is."""
    scores = normal(8)
    names = [patient for patient in range(8) for _ in range(5)]
    found = mean_interval(np.repeat(scores, 5), names)
    assert found.n == 8
    assert vars(found) == pytest.approx(vars(mean_interval(scores)))
    with pytest.raises(ValueError, match="patients: expected one for each of 8 slices"):
        mean_interval(scores, ["a"] * 7)
    assert not mean_interval(scores, ["a"] * 8).bounded, "one patient does not say how much patients differ"
    unequal = mean_interval([0.0, 0.0, 0.0, 1.0, 0.5], ["a", "a", "a", "b", "c"])
    assert unequal.value == pytest.approx(0.3), "the mean is that of slices"


@pytest.mark.parametrize(("margin", "verdict"), [(0.1, True), (0.2, None), (0.25, None), (0.31, False)])
def test_against_a_margin_the_whole_interval_counts(margin, verdict):
    assert at_least(Interval(0.2, 0.1, 0.3, 5), margin) is verdict


def test_a_ratio_of_means_has_fiellers_interval():
    """Fieller's closed form for scores without skewness: the roots of (ā − r b̄)² = t² s²(a − r b) / n."""
    b = np.array([4.0, 5.0, 6.0, 5.0, 4.0, 6.0])
    a = np.array([2.5, 2.0, 2.5, 3.0, 2.0, 3.0])
    found = ratio_of_means(a, b)
    assert found.value == pytest.approx(0.5)
    for end in (found.low, found.high):
        rest = a - end * b
        third = ((rest - rest.mean()) ** 3).mean()
        assert third == pytest.approx(0, abs=1e-6)
        assert abs(rest.mean()) == pytest.approx(2.57058 * rest.std(ddof=1) / 6**0.5, rel=1e-3)
    assert ratio_of_means(b, a - a.mean()) is None, "a denominator around 0"


def test_a_correlation_of_few_sets_is_hardly_known():
    """Fisher: r = .67 over 7 sets is [−.17, .95]."""
    draw = np.random.default_rng(3)
    x = draw.standard_normal(7)
    noise = draw.standard_normal(7)
    x -= x.mean()
    noise -= noise.mean()
    noise -= x * (noise @ x) / (x @ x)
    y = 0.67 * x / np.linalg.norm(x) + (1 - 0.67**2) ** 0.5 * noise / np.linalg.norm(noise)
    found = correlation(x, y)
    assert [found.value, found.low, found.high] == pytest.approx([0.67, -0.167, 0.947], abs=2e-3)
    assert found.n == 7
    assert correlation(x, 2 * x).low == pytest.approx(1)
    with pytest.raises(ValueError, match="at least 4 pairs"):
        correlation([1, 2, 3], [1, 2, 3])
    with pytest.raises(ValueError, match="no correlation is defined"):
        correlation([1, 1, 1, 1], [1, 2, 3, 4])


def test_the_gap_is_the_difference_of_means_on_the_same_slices():
    gap = performance_gap([0.9, 0.8, 0.7], [0.7, 0.6, 0.5])
    assert [gap.value, gap.low, gap.high] == pytest.approx([0.2] * 3)
    assert gap.n == 3


def test_pairing_removes_what_the_slices_have_in_common():
    difficulty = normal(50, deviation=0.1)
    q, p = difficulty + normal(50, 1, 0.05, 0.01), difficulty
    unpaired = np.hypot(width(mean_interval(q)), width(mean_interval(p)))
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
    alone = mean_interval([0.5])
    assert alone == Interval(0.5, -inf, inf, 1)
    assert not alone.bounded
    assert not alone.excludes_zero
    assert at_least(alone, 0.0) is None
    assert not mean_interval([[0.5], [0.6]]).bounded, "two trainings, one slice"
    assert str(alone) == "0.500 [n = 1: no interval]"
    gap = performance_gap([0.75], [0.5])
    assert (gap.value, gap.bounded, gap.n) == (0.25, False, 1)
    closed = fraction_closed([0.75], [0.5], [0.75], [0.75])
    assert closed.interval is None
    assert "0.250 [n = 1: no interval], is not distinguishable from a gap of 0" in closed.reason


def test_intervals_are_printed_to_three_digits():
    assert str(Interval(0.81234, 0.7, 0.9, 5)) == "0.812 [0.700, 0.900]"
    assert str(Interval(-0.0001, -0.02, 0.01, 5)) == "0.000 [−0.020, 0.010]"


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([], "at least 1 slice"),
        (0.5, "at least 1 slice"),
        ([[[0.1, 0.2]]], "at least 1 slice"),
        ([0.5, float("nan")], "diverged"),
        ([0.5, float("inf")], "diverged"),
    ],
)
def test_scores_that_have_no_mean(scores, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(scores)


def test_lists_of_different_length_are_refused():
    with pytest.raises(ValueError, match=r"equal lists.*\(2,\), \(3,\)"):
        performance_gap([0.1, 0.2, 0.3], [0.1, 0.2])
    with pytest.raises(ValueError, match="equal lists"):
        fraction_closed([0.1] * 3, [0.1] * 3, [0.1] * 3, [0.1] * 4)
    with pytest.raises(ValueError, match="diverged"):
        performance_gap([0.1, 0.2], [0.1, float("nan")])
