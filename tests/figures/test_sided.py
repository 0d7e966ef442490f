"""Differences beside what differs: words in columns, hollow dots, and grey for what is only a comparison."""

import math

import pytest

from mrilib.figures.sided import sided_dots
from mrilib.figures.theme import MUTED, PAPER

LONG = "stop after a hundred iterations without any gain"
ROWS = [
    {"part": "stopping", "one": "at once", "other": LONG, "value": 0.2, "low": 0.1, "high": 0.3, "beside": False},
    {"part": "seed", "one": "0", "other": "1", "value": 0.0, "low": -math.inf, "high": math.inf, "beside": True},
]
LOOK = {"x_title": "change", "alt": "two differences", "title": "A message"}


def test_a_line_has_its_words_in_columns_and_a_dot_that_is_hollow_if_nothing_is_certain():
    spec = sided_dots(ROWS, ("", "before", "after"), **LOOK).to_dict()
    rows = next(one["data"]["values"] for one in spec["layer"] if len(one.get("data", {}).get("values", ())) == 2)
    first, second = rows
    assert first["other"].split("\n") == ["stop after a hundred", "iterations without any", "gain"]
    assert first["difference"] == f"stopping: at once → {LONG}"
    assert (first["label"], first["fill"] == first["color"]) == ("+0.200", True)
    assert (second["low"], second["fill"], second["color"]) == (None, PAPER, MUTED)
    heads = [one["data"]["values"][0]["head"] for one in spec["layer"] if "head" in str(one.get("data", ""))]
    assert heads == ["", "before", "after"]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        sided_dots([], ("", "", ""), **LOOK)
