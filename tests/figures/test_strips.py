"""A strip has every value as a dot, and its mean with the interval."""

import pytest

from mrilib.figures.strips import strip_chart, strips_in_numbers
from mrilib.gap import Interval, mean_interval

ROWS = [
    {"name": "PSNR", "values": [1.0, 3.0], "mean": mean_interval([1.0, 3.0]), "color": "#123456"},
    {"name": "SSIM", "values": [0.5], "mean": Interval(0.5, float("-inf"), float("inf"), 1), "color": "#654321"},
]
AXES = {"x_title": "change", "alt": "two strips"}


def layers(**changed):
    spec = strip_chart(ROWS, **AXES, **changed).to_dict()
    return {one["mark"]["type"]: one for one in spec["layer"]}, spec


def test_every_value_is_a_dot_in_the_colour_of_its_row():
    dots = layers()[0]["circle"]["data"]["values"]
    assert [(dot["name"], dot["value"], dot["color"]) for dot in dots] == [
        ("PSNR", 1.0, "#123456"),
        ("PSNR", 3.0, "#123456"),
        ("SSIM", 0.5, "#654321"),
    ]
    assert len({dot["away"] for dot in dots[:2]}) == 2, "neighbours are kept apart"


def test_the_mean_has_its_interval_written_beside_it():
    found, spec = layers(digits=1)
    first, alone = (found["text"].get("data") or spec["data"])["values"]
    assert first["label"].startswith("+2.0 [")
    assert alone["low"] is None


def test_zero_is_drawn_where_it_is_asked_for():
    assert sum("zero" in str(one.get("encoding")) for one in layers()[1]["layer"]) > 0
    levels = layers(zero=False)[1]
    assert not any(one["mark"] == {"type": "rule", "color": "#1F1F1F", "strokeWidth": 1.5} for one in levels["layer"])


def test_the_means_in_words():
    assert strips_in_numbers(ROWS, 1) == "PSNR 2.0; SSIM 0.5"


def test_nothing_to_draw_is_an_error():
    with pytest.raises(ValueError, match="nothing to draw"):
        strip_chart([], **AXES)


def test_no_empty_interval_is_read_out_where_no_mean_has_one():
    kinds = [one["mark"]["type"] for one in strip_chart(ROWS[1:], **AXES, zero=False).to_dict()["layer"]]
    assert "rule" not in kinds
