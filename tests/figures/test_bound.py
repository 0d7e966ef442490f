"""The scrubbed chart: its slider, the nearest measured place, and the values written there."""

import re

import pytest
from drawn import chart_svg

from mrilib.figures.bound import scrubbed_chart

VALUES = {"a": {0.0: 0.1, 1.0: 0.2, 4.0: 0.3}, "b": {0.0: 0.9, 1.0: 0.8, 4.0: 0.7}}
ROWS = [
    {"x": x, "value": value, "low": value - 0.01, "high": value + 0.02, "name": name}
    for name, curve in VALUES.items()
    for x, value in curve.items()
]
AXES = {"x_title": "time", "y_title": "score", "alt": "two curves"}


def drawn(chosen, rows=ROWS, **options):
    chart = scrubbed_chart(rows, "x", "value", "name", chosen=chosen, **AXES, **options)
    return re.findall(r">([^<>]+)</text>", chart_svg(chart))


def test_the_slider_belongs_to_the_page_and_reaches_every_place():
    spec = scrubbed_chart(ROWS, "x", "value", "name", chosen=1, title="a title", **AXES).to_dict()
    (slider,) = spec["params"]
    assert (slider["value"], slider["bind"]["input"], slider["bind"]["name"]) == (1, "range", "time ")
    assert (slider["bind"]["min"], slider["bind"]["max"], slider["bind"]["step"]) == (0, 4, 1)
    assert spec["description"] == "two curves"
    assert spec["title"] == ["a title"]


@pytest.mark.parametrize(
    ("chosen", "place", "a", "b"),
    [(0, "0", "0.100", "0.900"), (1, "1", "0.200", "0.800"), (3, "4", "0.300", "0.700"), (2.5, "1", "0.200", "0.800")],
)
def test_the_values_of_the_nearest_place_are_written(chosen, place, a, b):
    words = drawn(chosen)
    assert f"time {place}" in words
    written = [word for word in words if re.fullmatch(r"0\.\d{3}", word)]
    assert written == [a, b]


def test_intervals_are_written_where_there_is_a_band():
    assert "0.800 [0.790, 0.820]" in drawn(1, band=("low", "high"))


def test_the_missing_interval_of_one_slice_is_said():
    alone = [{**row, "low": float("-inf"), "high": float("inf")} for row in ROWS]
    assert "0.800 [n = 1: no interval]" in drawn(1, alone, band=("low", "high"))


def test_a_curve_that_was_not_measured_there_says_nothing():
    words = drawn(4, [row for row in ROWS if (row["name"], row["x"]) != ("b", 4.0)])
    assert "a:" in words
    assert "b:" not in words


def test_a_value_that_is_not_finite_is_left_out():
    with pytest.raises(ValueError, match="the curves go from 0 to 1"):
        drawn(4, [{**row, "value": float("nan")} if row["x"] == 4.0 else row for row in ROWS])


@pytest.mark.parametrize(("chosen", "rows"), [(5, ROWS), (-1, ROWS), (0, ROWS[:1])])
def test_a_place_off_the_curves_is_refused(chosen, rows):
    with pytest.raises(ValueError, match=f"chosen {chosen}: expected a place on curves"):
        scrubbed_chart(rows, "x", "value", "name", chosen=chosen, **AXES)


def test_a_row_that_lacks_a_key_is_named():
    with pytest.raises(ValueError, match=r"row 1 lacks \['value'\]"):
        drawn(0, [ROWS[0], {"x": 1.0, "name": "a"}])
