"""Several training runs of a study: paired by training run and slice, and without runs that are not stored."""

import pytest

from mrilib.gap import mean_interval, performance_gap
from mrilib.paper_b.study import Study
from mrilib.paper_b.trainings import Trainings

SCORES = {"one": [[0.5, 0.7], [0.6, 0.9]], "other": [[0.5, 0.6], [0.4, 0.6]]}  # by seed and slice
TESTS = {"knee": None}


class Scored(Study):
    """A study whose networks are scored, or not."""

    missing: list[str] = []  # noqa: RUF012


def study(seed, missing=()):
    made = Scored("none", dict.fromkeys(SCORES), TESTS)
    object.__setattr__(made, "missing", list(missing))
    made._read.update({(arm, "knee"): {"ssim": scores[seed]} for arm, scores in SCORES.items()})
    return made


@pytest.fixture
def trainings():
    return Trainings.stored(study(0), [study(1), study(1, missing=["one"])])


def test_differences_are_paired_and_their_intervals_cover_both(trainings):
    found = trainings.difference("one", "other", TESTS)
    assert found == performance_gap(SCORES["one"], SCORES["other"])
    assert (found.value, found.n, found.trainings) == (pytest.approx(0.15), 2, 2)
    assert trainings.mean("one", TESTS) == mean_interval(SCORES["one"])


def test_each_training_run_has_its_difference(trainings):
    assert trainings.each("one", "other", TESTS) == [pytest.approx(0.05), pytest.approx(0.25)]
    assert Trainings.stored(study(0), []).each("one", "other", TESTS) == []


def test_a_run_that_is_not_stored_is_left_out_but_the_first_is_not(trainings):
    assert len(trainings.studies) == 2
    assert trainings.missing == []
    assert Trainings.stored(study(0, missing=["other"]), []).missing == ["other"]
