"""Curves carry their names at their right ends, apart from each other, and no legend."""

from itertools import pairwise

import pytest
from drawn import chart_svg

from mrilib.figures.charts import spaced
from mrilib.figures.direct import labelled_chart
from mrilib.figures.plot import stacked

ROWS = [
    {"x": x, "value": height * x, "low": -9.0, "high": height, "name": name}
    for name, height in (("steep", 1.0), ("steeper", 1.01), ("flat", 0.1))
    for x in (1, 2)
]
AXES = {"x_title": "x", "y_title": "y", "alt": "three curves"}


def test_names_stand_beside_the_curves_in_place_of_a_legend():
    chart = labelled_chart(ROWS, "x", "value", "name", **AXES, title="A message")
    drawn = chart_svg(chart)
    assert all(f">{name}<" in drawn for name in ("steep", "steeper", "flat"))
    assert "role-legend" not in drawn
    rows = [layer["data"]["values"][0] for layer in chart.to_dict()["layer"][1:]]
    places = {row["name"]: row["value"] for row in rows}
    assert places["steeper"] > places["steep"] > places["flat"]


@pytest.mark.parametrize("places", [[], [1.0], [3.0, 2.9, 2.9, 0.0]])
def test_places_are_apart_and_in_order(places):
    found = spaced(places, 0.5)
    assert all(before - after >= 0.5 - 1e-9 for before, after in pairwise(found))
    assert sum(found) == pytest.approx(sum(places))


def test_charts_below_one_another_are_equally_wide_and_keep_their_own_colours():
    panels = {name: labelled_chart(ROWS[:4], "x", "value", "name", **AXES, height=90) for name in ("one", "two")}
    panels["two"].width = 300
    chart = stacked(panels, alt="two charts", title="A message").to_dict()
    assert [(part["title"]["text"], part["width"], part["height"]) for part in chart["vconcat"]] == [
        ("one", 300, 90),
        ("two", 300, 90),
    ]
    assert chart["description"] == "two charts"
    assert not any("description" in part for part in chart["vconcat"])
    assert chart["resolve"]["scale"]["color"] == "independent"
