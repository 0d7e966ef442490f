"""The explorer of the subspace theory and the charts of its notebook."""

import pytest
from widget_parts import parts

from mrilib.gap import FractionClosed, Interval
from mrilib.paper_a.provable_adaptation.explorer import risk_chart, risk_marks, subspace_explorer, verdict
from mrilib.paper_a.provable_adaptation.report import curve_chart, findings, gain_chart, group_chart
from mrilib.subspace import alpha_moments


def test_the_explorer_marks_what_the_theory_says():
    before, after, optimum = risk_marks(512, 64, 0.5, 1.0)
    assert (before["alpha"], optimum["alpha"]) == pytest.approx((0.8, 0.5))
    assert after["alpha"] == pytest.approx(alpha_moments(512, 64, 1.0)[0])
    assert optimum["risk"] < after["risk"] < before["risk"]
    assert after["low"] < optimum["alpha"] < after["high"]
    chart = risk_chart(512, 64, 0.5, 1.0).to_dict()
    assert "TTT closes 90% of the gap" in chart["title"][0]
    assert "before TTT α = 0.800" in chart["description"]


def test_the_explorer_says_when_ttt_costs():
    assert verdict(64, 16, 0.8, 0.8, 1.0, 1.2, 1.0).startswith("TTT costs more than it gains for ς in [")
    assert "above" in verdict(20, 5, 2.0, 2.0, 1.0, 1.2, 1.0)


def test_the_explorer_redraws_and_keeps_d_below_n():
    box = subspace_explorer(100, 64, 0.5, 1.0)
    size, kept, _, tested, chart, _ = parts(box)
    before = chart.value
    assert 'alt="Risk over α on P and Q. TTT closes' in before
    tested.value = 0.5
    assert "TTT costs more than it gains" in chart.value
    size.value = 16
    assert kept.value == kept.max == 15


def test_charts_carry_intervals_as_bands_and_say_every_mean():
    mean = Interval(2.0, 1.0, 3.0, 9)
    chart = curve_chart([1, 2], {"a": [0.5, mean]}, x_title="x", y_title="y", alt="a rises").to_dict()
    rows = chart["data"]["values"]
    assert [(row["value"], row["low"], row["high"]) for row in rows] == [(0.5, 0.5, 0.5), (2.0, 1.0, 3.0)]
    dots = group_chart({"g": {"one": mean}}, x_title="x", y_title="risk", title="A message").to_dict()
    assert dots["description"] == "A message. g, one: 2.000"
    gains = gain_chart({"noise": mean, "colour": Interval(-2.0, -3.0, -1.0, 9)}).to_dict()
    assert "lowers the risk under 1 of 2 shifts and raises it under 1" in " ".join(gains["title"])
    with pytest.raises(ValueError, match="argument"):
        curve_chart([1, 2, 3], {"a": [0.5]}, x_title="x", y_title="y", alt="a")


def test_three_sentences_carry_the_numbers_of_the_run():
    slope = Interval(-0.51, -0.55, -0.47, 9)
    share = FractionClosed(Interval(0.98, 0.97, 0.99, 9), "")
    said = findings(0.8, (0.8, 0.5), Interval(0.5, 0.49, 0.51, 9), share, slope, -0.52, ["louder inside"]).data
    assert len(said.splitlines()) == 3
    assert "a slope of −0.510 [−0.550, −0.470] (exact law −0.520)" in said
    assert "**TTT does harm** under 1 of these shifts: louder inside." in said
