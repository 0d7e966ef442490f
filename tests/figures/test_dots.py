"""A dot plot has a dot for every row, hollow where 0 lies inside the interval."""

import json
import math

import pytest
from drawn import chart_svg

from mrilib.figures.dots import dots_chart, in_numbers

ROWS = [
    {"name": "large", "value": -0.1, "low": -0.2, "high": -0.05},
    {"name": "small", "value": 0.0004, "low": -0.001, "high": 0.002},
]
AXES = {"x_title": "change", "alt": "two changes"}


def records(spec):
    return (spec.get("data") or spec["layer"][-1]["data"])["values"]


def test_dots_are_hollow_where_zero_lies_inside():
    rows = records(dots_chart(ROWS, **AXES).to_dict())
    assert [(row["name"], row["certain"], row["label"]) for row in rows] == [
        ("large", True, "−0.100"),
        ("small", False, "0.000"),
    ]


def test_lines_stand_between_names_that_have_several_dots():
    both = [row | {"series": series} for row in ROWS for series in ("a", "b")]
    axes = [dots_chart(rows, **AXES).to_dict()["layer"][1]["encoding"]["y"]["axis"] for rows in (ROWS, both)]
    assert [axis.get("tickBand") for axis in axes] == [None, "extent"]
    assert all(axis["grid"] for axis in axes)


def test_a_narrow_plot_has_fewer_ticks():
    counts = [
        dots_chart([row | {"name": name} for row in ROWS[:1]], **AXES).to_dict()["layer"][-2]["encoding"]["x"]["axis"]
        for name in ("a", "a" * 68)
    ]
    assert [axis["tickCount"] for axis in counts] == [5, 2]


def test_means_are_full_and_have_no_sign():
    rows = records(
        dots_chart(ROWS[1:] + [{"name": "b", "value": 0.9, "low": 0.8, "high": 1}], zero=False, **AXES).to_dict()
    )
    assert [(row["certain"], row["label"]) for row in rows] == [(True, "0.000"), (True, "0.900")]


def test_one_sample_has_a_dot_and_no_interval():
    row = {"name": "a", "value": 0.1, "low": -math.inf, "high": math.inf}
    assert records(dots_chart([row], **AXES).to_dict())[0]["low"] is None


def test_several_series_share_a_line_and_have_a_legend():
    rows = [{**row, "series": series} for row in ROWS for series in ("one", "other")]
    drawn = chart_svg(dots_chart(rows, **AXES))
    assert drawn.count(">one<") == drawn.count(">other<") == 1
    assert "−0.100" not in drawn, "numbers of two dots would collide"
    assert in_numbers(rows[:2]) == "large, one −0.100; large, other −0.100"


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        dots_chart([], **AXES)


def test_lines_are_bands_even_without_intervals():
    """A point scale would drop the padding, and say so in the reader's browser."""
    alone = [{"name": "a", "value": 0.5, "low": None, "high": None}]
    spec = dots_chart(alone, x_title="x", alt="a dot").to_dict()
    scales = {
        json.dumps(one["encoding"]["y"]["scale"]) for one in spec["layer"] if "name" in str(one["encoding"].get("y"))
    }
    assert scales == {json.dumps({"paddingInner": 0.15, "type": "band"})}


@pytest.mark.parametrize("legend", [True, False])
def test_series_are_explained_above_the_lines_unless_the_names_say_them(legend):
    rows = [row | {"series": row["name"]} for row in ROWS]
    spec = dots_chart(rows, legend=legend, **AXES).to_dict()
    colors = [layer["encoding"]["color"] for layer in spec["layer"] if "scale" in str(layer["encoding"].get("color"))]
    assert all((color["legend"] is not None) == legend for color in colors)
    assert not legend or colors[0]["legend"]["orient"] == "top"


def test_an_axis_can_begin_where_its_quantity_does():
    rows = [{"name": "slow", "value": 60.0, "low": 50.0, "high": 70.0}]
    spec = dots_chart(rows, **AXES, zero=False, start=0).to_dict()
    assert 'domainMin": 0' in json.dumps(spec)
    assert "domainMin" not in json.dumps(dots_chart(rows, **AXES, zero=False).to_dict())
