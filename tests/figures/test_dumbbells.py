"""A dumbbell has both ends on its line, further marks upright across it, and the paired difference beside it."""

from math import pi

import pytest

from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.theme import INK, MUTED, PAPER, colors_of
from mrilib.gap import Interval

ROWS = [
    step("knee", {"P": 0.5, "P and Q": 0.75, "Q": 0.8}, Interval(0.25, 0.2, 0.3, 4)),
    step("brain", {"P": 0.9, "P and Q": 0.9, "Q": 0.9}, Interval(0.0, -0.1, 0.1, 4)),
]
AXES = {"x_title": "SSIM", "alt": "two lines"}


def drawn(**changed):
    return dumbbell_chart(ROWS, **AXES, **changed).to_dict()


def layer(spec, mark):
    return next(one for one in spec["layer"] if one["mark"].get("type") == mark)


def values(spec, one):
    return spec.get("datasets", {}).get(one["data"].get("name"), one["data"].get("values"))


def test_every_line_goes_from_its_first_mark_to_its_second():
    spec = drawn()
    bars = values(spec, layer(spec, "rule"))
    assert [(row["name"], row["start"], row["to"]) for row in bars] == [("knee", 0.5, 0.75), ("brain", 0.9, 0.9)]


def test_an_end_fits_into_the_ring_of_a_start_at_the_same_place():
    ring, dot = (
        one["mark"] for one in drawn()["layer"] if one["mark"].get("type") == "point" and "shape" not in one["mark"]
    )
    assert ring["size"] > 2 * dot["size"]
    assert ring["fill"] == PAPER
    assert dot["filled"]


def test_further_marks_stand_on_the_line_and_keep_the_colour_of_their_training_set():
    spec = drawn()
    points = [one for one in spec["layer"] if one["mark"]["type"] in ("tick", "point")]
    assert [one["mark"]["type"] for one in points] == ["tick", "point", "point"], "starts and ends are on top"
    assert not any("yOffset" in one["mark"] for one in points)
    ring = points[1]["mark"]
    assert points[0]["mark"]["size"] > 1.5 * 2 * (ring["size"] / pi) ** 0.5, "its tips are seen above and below a ring"
    marks = values(spec, points[0])
    assert [row["place"] for row in marks if row["name"] == "knee"] == [0, 1, 2]
    scale = points[0]["encoding"]["color"]["scale"]
    assert (scale["domain"], scale["range"]) == (["P", "P and Q", "Q"], colors_of(["P", "P and Q", "Q"]))


def test_without_further_marks_there_are_only_ends():
    two = [row | {"marks": dict(list(row["marks"].items())[:2])} for row in ROWS]
    spec = dumbbell_chart(two, **AXES).to_dict()
    assert sum(one["mark"]["type"] == "point" for one in spec["layer"]) == 2


def test_what_all_lines_are_compared_with_is_a_dashed_line_in_its_own_colour():
    spec = drawn(level=("Q", 0.8))
    line, words = spec["layer"][:2]
    assert [(row["value"], row["series"]) for row in values(spec, line)] == [(0.8, "Q")]
    assert line["mark"]["strokeDash"]
    assert line["mark"]["color"] == words["mark"]["color"] == colors_of(["P", "P and Q", "Q"])[2]
    assert words["encoding"]["text"]["field"] == "series"


def test_differences_stand_beside_their_lines_and_are_grey_where_they_are_not_certain():
    spec = drawn(beside="both minus one")
    labels = spec["layer"][-1]
    assert [(row["label"], row["certain"]) for row in values(spec, labels)] == [
        ("+0.250 [0.200, 0.300]", True),
        ("0.000 [−0.100, 0.100]", False),
    ]
    assert labels["encoding"]["color"] == {"condition": {"test": "datum.certain", "value": INK}, "value": MUTED}
    assert "both minus one" in str(spec)


def test_the_first_line_names_its_marks_outwards():
    spec = drawn()
    heads = {
        values(spec, one)[0]["word"]: one["mark"] for one in spec["layer"] if one["mark"].get("fontWeight") == "bold"
    }
    assert {name: mark["align"] for name, mark in heads.items()} == {"P": "right", "P and Q": "center", "Q": "left"}


def test_names_of_marks_that_coincide_stand_apart():
    level = dumbbell_chart([ROWS[1], ROWS[0]], **AXES).to_dict()
    outer = [one["mark"] for one in level["layer"] if one["mark"].get("fontWeight") == "bold"]
    assert {mark["align"]: mark["dx"] for mark in outer if "dx" in mark} == {"right": -10, "left": 10}


def test_lines_can_be_closer():
    assert (drawn()["height"], drawn(row_height=30)["height"]) == (84, 60)


def test_the_rows_in_words_have_every_mean():
    assert steps_in_numbers(ROWS[:1]) == "knee: P 0.500, P and Q 0.750, Q 0.800, +0.250 [0.200, 0.300]"


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        dumbbell_chart([], **AXES)


def test_a_name_does_not_reach_into_the_numbers():
    last = dumbbell_chart([ROWS[0]], **AXES).to_dict()
    [name] = [one["mark"] for one in last["layer"] if values(last, one)[0].get("word") == "Q"]
    assert (name["align"], name["dx"]) == ("right", 10), "the mark is the rightmost of all"
    spec = drawn()
    [name] = [one["mark"] for one in spec["layer"] if values(spec, one)[0].get("word") == "Q"]
    assert name["align"] == "left", "there is room"
