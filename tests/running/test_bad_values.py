"""Every field of every notebook's record refuses a bad value in one line that names it, or takes it and can run."""

import random

import pytest
from bad_values import numbers, outcome, values
from records import record, section
from tiny_project import make_project

from mrilib.running.check import check
from mrilib.running.jobs import read_notebook
from mrilib.running.parameters import networks_of, read_profile
from mrilib.running.predicates import PredicateError, parse
from mrilib.store.parameters import ParameterError
from mrilib.store.project import UserError

SAMPLE = 80  # of some twenty-six thousand; the torture suite tries more, or all


def test_a_sample_of_bad_values_is_refused_or_taken():
    worse = {}
    every = [case for number in numbers() for case in values(number)]
    for case in random.Random(16).sample(every, SAMPLE):
        if (found := outcome(case)) not in ("refused", "taken"):
            worse[case.said] = found
    assert not worse


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        ("04", {"chans": 2_000_000}, "chans: expected int, at least 1, at most 65536, got 2000000"),
        ("04", {"num_pool_layers": 12}, "num_pool_layers: expected int, at least 1, at most 8, got 12"),
        ("09", {"image_size": 100_000}, "image_size: expected int, at least 1, at most 8192, got 100000"),
        ("04", {"epochs": 10**30}, "epochs: expected int, at least 1, at most 100000"),
        ("04", {"device": "cpu:7"}, "device: expected auto, cpu, cuda or cuda:N, got 'cpu:7'"),
        ("04", {"workers": 10**6}, "workers: expected int, at least 1, at most 256"),
    ],
)
def test_bounds_are_those_of_the_record(number, change, said):
    with pytest.raises(ParameterError, match=said):
        record(number, **change)


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        ("04", {"chans": 60_000}, r"chans 60000, .* parameters take [\d,]+ GB; this machine has \d+ GB"),
        ("11", {"train_slices": 3}, "train_slices: 3 slices cannot be shared by"),
    ],
)
def test_networks_that_cannot_be_are_refused_before_they_are_built(number, change, said):
    with pytest.raises(ParameterError, match=said):
        networks_of(section(number), record(number, **change))


@pytest.mark.parametrize(
    ("number", "change", "said"),
    [
        ("04", {"num_pool_layers": 8, "chans": 1}, "num_pool_layers 8"),
        ("04", {"test_slices": 50_000}, "test_slices: 50000 of brain_axt2; 40000 exist"),
        ("04", {"device": "cuda:99"}, "device: 'cuda:99' requested, but torch sees"),
    ],
)
def test_the_check_names_what_would_fail_later(number, change, said):
    report = check(section(number), record(number, **change))
    assert not report.ready
    assert said in str(report.lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "steps: 3\nrate: 1\nsteps: 4\n",
            r"quick.yaml: not readable as YAML: line 3: 'steps' is already set in line 1",
        ),
        ("[" * 10_000, "nested more than 64 levels deep"),
    ],
)
def test_a_profile_says_nothing_twice_and_is_not_deep(tmp_path, text, said):
    with pytest.raises(ParameterError, match=said):
        read_profile(make_project(tmp_path).profile("01_tiny", text))


@pytest.mark.parametrize("text", ["[" * 10_000, "(" * 300 + "a > 1" + ")" * 300, "a > " + "9" * 5000, "\x00"])
def test_a_predicate_that_is_no_comparison_is_refused(text):
    with pytest.raises(PredicateError, match="predicate"):
        parse(text)


@pytest.mark.parametrize("text", ["[]", "3", '{"cells": 3}', '{"nbformat": 4, "cells": [1]}', "[" * 10_000])
def test_what_is_not_a_notebook_is_refused_in_one_line(tmp_path, text):
    (tmp_path / "a.ipynb").write_text(text)
    with pytest.raises(UserError, match=r"a\.ipynb: not a Jupyter notebook: ") as raised:
        read_notebook(tmp_path / "a.ipynb")
    assert "\n" not in str(raised.value)
