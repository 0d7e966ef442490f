"""Stopping rules tried after the fact stop where test-time training does, and never beat the oracle."""

import math
from typing import get_args

import pytest
from tiny_slices import tiny_model, tiny_sample

from mrilib.paper_a.early_stopping_and_ablation.rules import (
    Rule,
    best_window,
    histories_of,
    in_words,
    rank_correlation,
    rule_row,
    scores_at_stop,
    stopping_point,
    stopping_row,
    validation_against_score,
)
from mrilib.train.adaptation import adapt
from mrilib.ttt import History, Settings
from mrilib.ttt import test_time_train as tune

FALL_THEN_RISE = [abs(n - 20) + 5.0 for n in range(60)]


def history(errors, scores=None):
    return History([], list(errors), dict(enumerate(scores or [-e for e in errors])))


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


@pytest.fixture(scope="module")
def ran_on(sample):
    """Test-time training that stops well before it ends."""
    given = (sample.masked_kspace, sample.mask, sample.sens_maps)
    record = tune(tiny_model(), *given, Settings(3e-2, 24, 3, 0.1, run_on=True))
    assert record.stopped_at < 23, "the rule stops inside the run, or this tests nothing"
    return record


def test_the_rules_stop_where_test_time_training_stopped(ran_on):
    assert stopping_point(ran_on.history, "rises", 3) == ran_on.chosen_at
    assert stopping_point(ran_on.history, "rises_last", 3) == ran_on.stopped_at


@pytest.mark.parametrize(
    ("rule", "window", "expected"),
    [("rises", 5, 20), ("rises_last", 5, 25), ("best_so_far", 7, 20), ("fixed", 7, 7), ("fixed", 99, 59)]
    + [("oracle", 1, 33), ("rises_last", 30, 59)],
)
def test_each_rule_on_an_error_that_falls_and_rises(rule, window, expected):
    scores = [0.5 - abs(n - 33) / 100 for n in range(60)]
    assert stopping_point(history(FALL_THEN_RISE, scores), rule, window) == expected


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("rises", "error rises, best image (window 7)"),
        ("best_so_far", "no new best for 7 iterations"),
        ("fixed", "fixed, iteration 7"),
        ("oracle", "best image (oracle)"),
    ],
)
def test_a_rule_is_told_with_its_window(rule, words):
    assert in_words(rule, 7) == words


def test_best_so_far_waits_its_window_and_not_longer():
    errors = [3.0, 2.0, 2.5, 2.5, 2.5, 1.0, 1.5, 1.5]
    assert [stopping_point(history(errors), "best_so_far", window) for window in (1, 3, 4)] == [1, 1, 5]


def test_no_rule_beats_the_oracle(ran_on):
    scored = History([], ran_on.history.validation_error, {n: math.sin(n) for n in range(24)})
    best = scores_at_stop([scored], "oracle", 1)[0]
    assert all(scores_at_stop([scored], rule, w)[0] <= best for rule in get_args(Rule) for w in (1, 4, 20))


def test_the_best_window_is_the_one_with_the_highest_mean():
    histories = [history(FALL_THEN_RISE, [float(n == at) for n in range(60)]) for at in (10, 10, 30)]
    assert best_window(histories, "fixed", (10, 20, 30)) == 10


@pytest.mark.parametrize(("rule", "window", "errors"), [("rise", 3, [1.0]), ("rises", 0, [1.0]), ("rises", 3, [])])
def test_a_rule_that_cannot_be_followed(rule, window, errors):
    with pytest.raises(ValueError, match=f"rule {rule!r}: expected"):
        stopping_point(history(errors), rule, window)


def test_ranks_know_no_scale():
    a = [3.0, 1.0, 2.0, 5.0]
    assert rank_correlation(a, [math.exp(v) for v in a]) == 1
    assert rank_correlation(a, [-v for v in a]) == -1
    assert rank_correlation([1, 2, 3, 4], [2, 1, 4, 3]) == pytest.approx(0.6)
    assert validation_against_score(history(FALL_THEN_RISE)) == pytest.approx(-1, abs=0.1)


def test_a_rule_is_judged_against_the_oracle():
    histories = [history(FALL_THEN_RISE, [n / 60 for n in range(60)])] * 2
    line = rule_row(histories, "fixed", 29)
    assert (line["score"].value, line["iteration"]) == (pytest.approx(29 / 60), 29)
    assert line["loss"].value == pytest.approx(0.5)
    assert rule_row(histories, "oracle", 1)["loss"].value == 0


def test_a_stopping_row_gives_its_histories_back(sample, monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    adapted = adapt(tiny_model(), [sample], Settings(1e-2, 6, 1, 0.1, run_on=True), score_at=range(6))
    kept, made = histories_of(stopping_row(adapted))[0], adapted[0].record.history
    assert kept.validation_error == pytest.approx(made.validation_error, abs=1e-5)
    assert kept.score == pytest.approx(made.score, abs=1e-4)
