"""A heat map writes every number in its cell, pale where 0 lies inside the interval."""

import pytest
from drawn import chart_svg

from mrilib.figures.heat import heat_chart

ROWS = [
    {"row": "a", "column": "x of a", "value": None, "low": None, "high": None},
    {"row": "a", "column": "x of b", "value": 0.2, "low": 0.1, "high": 0.3},
    {"row": "b", "column": "x of a", "value": 0.001, "low": -0.1, "high": 0.1},
    {"row": "b", "column": "x of b", "value": None, "low": None, "high": None},
]
AXES = {"x_title": "with", "y_title": "lost on", "alt": "two losses"}


def test_cells_carry_their_numbers_and_whether_they_are_certain():
    records = heat_chart(ROWS, **AXES).to_dict()["data"]["values"]
    assert [record["label"] for record in records] == ["", "0.200", "0.001", ""]
    assert [record["certain"] for record in records] == [False, True, False, False]


def test_the_numbers_are_drawn():
    drawn = chart_svg(heat_chart(ROWS, **AXES, title="A message"))
    assert ">0.200<" in drawn
    assert ">0.001<" in drawn
    assert "A message" in drawn


def test_cells_without_a_value_are_framed():
    [frame] = [
        layer
        for layer in heat_chart(ROWS, **AXES).to_dict()["layer"]
        if layer["mark"]["type"] == "rect" and layer["mark"].get("fill", "") is None
    ]
    assert frame["transform"] == [{"filter": "!isValid(datum.value)"}]


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        heat_chart(ROWS[:1], **AXES)
