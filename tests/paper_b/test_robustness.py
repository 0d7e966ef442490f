"""Effective robustness is the height above a line, whatever the models' quality, and its interval covers it."""

import numpy as np
import pytest

from mrilib.paper_b.robustness import Models, effective_robustness, fit_line

SLOPE, INTERCEPT = 0.7, 0.2


def models(quality, height=0.0, slices=40, noise=0.0, seed=0):
    """Models on the line SLOPE·x + INTERCEPT, raised by `height`; slices differ in ease, the same for all models."""
    ease = 0.05 * np.random.default_rng(9).standard_normal((2, slices))
    ease -= ease.mean(1, keepdims=True)
    x = np.asarray(quality)[:, None]
    wobble = noise * np.random.default_rng(seed).standard_normal((2, len(quality), slices))
    return Models(x + ease[0] + wobble[0], SLOPE * x + INTERCEPT + height + ease[1] + wobble[1])


def test_a_line_is_found():
    x = np.array([0.5, 0.7, 0.9])
    slope, intercept = fit_line(x, SLOPE * x + INTERCEPT)
    assert (slope, intercept) == (pytest.approx(SLOPE), pytest.approx(INTERCEPT))
    ours = fit_line([x, x], [x**2, 1 - x])
    theirs = [np.polyfit(x, y, 1) for y in (x**2, 1 - x)]
    np.testing.assert_allclose(np.stack(ours, -1), theirs)


def test_moving_along_the_line_is_no_robustness():
    found = effective_robustness(models([0.5, 0.6, 0.7]), models([0.8, 0.9]))
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.low <= 0 <= found.high


@pytest.mark.parametrize("height", [0.03, -0.05])
def test_the_height_above_the_line(height):
    found = effective_robustness(models([0.5, 0.6, 0.7]), models([0.55, 0.75], height))
    assert found.value == pytest.approx(height)
    assert found.excludes_zero
    assert found.n == 40


def test_the_interval_covers_the_truth():
    hits = 0
    for seed in range(60):
        one = models([0.5, 0.6, 0.7, 0.8], noise=0.03, seed=2 * seed)
        other = models([0.6, 0.7], 0.01, noise=0.03, seed=2 * seed + 1)
        found = effective_robustness(one, other, seed)
        hits += found.low <= 0.01 <= found.high
    assert hits >= 52  # 95 % of 60 is 57


def test_the_points_are_means():
    assert models([0.5, 0.6]).points == [
        (pytest.approx(0.5), pytest.approx(0.55)),
        (pytest.approx(0.6), pytest.approx(0.62)),
    ]


def test_one_slice_gives_a_height_and_no_interval():
    height = effective_robustness(Models([[0.4], [0.6]], [[0.3], [0.5]]), Models([[0.5]], [[0.55]]))
    assert height.value == pytest.approx(0.15)
    assert (height.bounded, height.n) == (False, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Models([0.1, 0.2], [[0.1, 0.2]]), r"inside: expected \(models, slices\).*got shape \(2,\)"),
        (lambda: Models([[0.1, 0.2]], [[]]), "outside: expected"),
        (lambda: Models([[0.1, 0.2]] * 2, [[0.1, 0.2]]), "inside has 2 models and outside 1"),
        (lambda: Models([[0.1, np.nan]], [[0.1, 0.2]]), "inside: expected finite"),
        (lambda: effective_robustness(models([0.5, 0.5]), models([0.6])), "a line needs models that score differently"),
        (lambda: effective_robustness(models([0.5, 0.6]), models([0.6], slices=30)), "must be the same for both lists"),
    ],
)
def test_what_gives_no_answer_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
