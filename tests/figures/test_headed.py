"""Dots in groups have a heading above their lines, and 0."""

import math

import pytest

from mrilib.figures.headed import headed_dots

GROUPS = {
    "first": [{"name": "a", "value": 0.2, "low": 0.1, "high": 0.3}],
    "second": [{"name": "b", "value": 0.0, "low": -math.inf, "high": math.inf}],
}
LOOK = {
    "x_title": "change",
    "alt": "two groups",
    "title": "A message",
    "colors": {"first": "#111111", "second": "#222222"},
}


def test_every_group_has_its_heading_above_its_lines_in_its_colour():
    spec = headed_dots(GROUPS, **LOOK).to_dict()
    y = spec["layer"][1]["encoding"]["y"]
    assert y["scale"]["domain"] == ["first", "a", "second", "b"]
    colours = {one["test"]: one["value"] for one in y["axis"]["labelColor"]["condition"]}
    assert colours == {"datum.value === 'first'": "#111111", "datum.value === 'second'": "#222222"}
    rows = spec["layer"][1]["data"]["values"] if "data" in spec["layer"][1] else spec["data"]["values"]
    assert [(row["group"], row["certain"], row["low"]) for row in rows] == [
        ("first", True, 0.1),
        ("second", False, None),
    ]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        headed_dots({"empty": []}, **LOOK)
