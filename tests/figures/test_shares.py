"""Shares have their words beside them, one line for each series, and lines at one half and at all."""

import math

import pytest

from mrilib.figures.shares import shares_chart

COLORS = {"gained": "#BD7AB0", "kept": "#C78009"}
ROWS = [
    {"name": "anatomy\nknees → brains", "series": "gained", "value": 89.2, "low": 86.0, "high": 91.0},
    {"name": "anatomy\nknees → brains", "series": "kept", "value": 95.1, "low": -math.inf, "high": math.inf},
]
AXES = {"x_title": "share, %", "alt": "two shares", "title": "A message", "half": 50}


def values(spec):
    return [row for layer in spec["layer"] for row in layer["data"]["values"]]


def test_every_share_has_its_words_and_a_line_of_its_own():
    rows = [row for row in values(shares_chart(ROWS, COLORS, **AXES).to_dict()) if "series" in row]
    assert {row["label"] for row in rows} == {"gained 89 % [86, 91]", "kept 95 %"}
    assert len({row["away"] for row in rows}) == 2
    assert {row["low"] for row in rows} == {86.0, None}


def test_half_and_all_are_marked():
    rows = values(shares_chart(ROWS, COLORS, **AXES).to_dict())
    assert {(row["value"], row["word"]) for row in rows if "word" in row} == {(50, "half"), (100, "all")}


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="nothing to draw"):
        shares_chart([], COLORS, **AXES)
