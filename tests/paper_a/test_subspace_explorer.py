"""The explorer of the subspace theory and the charts of its notebook."""

import pytest
import torch
from widget_parts import parts

from mrilib.figures.theme import NAMED
from mrilib.gap import FractionClosed, Interval
from mrilib.paper_a.provable_adaptation.explorer import risk_chart, risk_marks, subspace_explorer, verdict
from mrilib.paper_a.provable_adaptation.report import (
    curve_chart,
    descents_chart,
    effect,
    findings,
    gain_chart,
    loss_chart,
    losses_chart,
    rates_in_short,
    training_chart,
)
from mrilib.paper_a.provable_adaptation.trials import Descent
from mrilib.subspace import alpha_moments


def test_the_explorer_marks_what_the_theory_says():
    before, after, optimum = risk_marks(512, 64, 0.5, 1.0)
    assert (before["alpha"], optimum["alpha"]) == pytest.approx((0.8, 0.5))
    assert after["alpha"] == pytest.approx(alpha_moments(512, 64, 1.0)[0])
    assert optimum["risk"] < after["risk"] < before["risk"]
    assert after["low"] < optimum["alpha"] < after["high"]
    chart = risk_chart(512, 64, 0.5, 1.0).to_dict()
    assert "TTT on one measurement closes 90 % of the gap" in " ".join(chart["title"])
    assert "before TTT α = 0.800" in chart["description"]
    layers = [part for layer in chart["layer"] for part in (layer, *layer.get("layer", []))]
    rows = [layer["data"]["values"] for layer in layers if "values" in layer.get("data", {})]
    [band] = next(found for found in rows if "floor" in found[0])  # of the range on the axis
    assert (band["low"], band["high"], band["floor"]) == (after["low"], after["high"], 0)
    arrow = next(found for found in rows if len(found) == 21)
    assert after["alpha"] < arrow[0]["alpha"] < arrow[-1]["alpha"] == pytest.approx(before["alpha"])
    assert "before TTT: 0.680" in str(rows)


def test_no_arrow_where_alpha_hardly_moves():
    assert "'TTT'" not in str(risk_chart(4096, 512, 1.0, 1.0).to_dict())
    assert "'TTT'" in str(risk_chart(4096, 512, 1.0, 0.3).to_dict())


def test_a_small_change_of_the_risk_counts_as_none():
    ends = {0.5: 1, -0.5: -1, 0.002: 0, -0.002: 0}
    assert {value: effect(Interval(value, value - 0.001, value + 0.001, 9)) for value in ends} == ends
    assert effect(Interval(0.5, -0.1, 1.1, 9)) == 0
    little = gain_chart({"noise": Interval(-0.002, -0.003, -0.001, 9)}).to_dict()
    assert " ".join(little["title"]) == "TTT helps under 0 of 1 shifts and does harm under none"
    assert little["description"].endswith("noise −0.002, hardly any")


def test_a_large_change_that_may_be_none_is_uncertain_and_keeps_its_number():
    gains = {
        "open": Interval(0.5, -0.1, 1.1, 9),
        "wide": Interval(-0.002, -0.02, 0.016, 9),
        "none": Interval(0.001, -0.002, 0.004, 9),
        "clear": Interval(0.5, 0.4, 0.6, 9),
    }
    chart = gain_chart(gains).to_dict()
    told = "open +0.500, uncertain; wide −0.002, uncertain; none +0.001, hardly any; clear +0.500"
    assert chart["description"].endswith(told)
    drawn = [row["label"] for layer in chart["layer"] for row in layer["data"]["values"] if "label" in row]
    assert "+0.500, uncertain" in drawn
    assert " ".join(chart["title"]) == "TTT helps under 1 of 4 shifts and does harm under none"


def test_the_explorer_says_when_ttt_costs():
    assert verdict(64, 16, 0.8, 0.8, 1.0, 1.2, 1.0).startswith(
        "TTT costs more than it gains for noise levels of Q from "
    )
    assert "above" in verdict(20, 5, 2.0, 2.0, 1.0, 1.2, 1.0)


def test_the_explorer_redraws_and_keeps_d_below_n():
    box = subspace_explorer(100, 64, 0.5, 1.0)
    size, kept, _, tested, chart, _ = parts(box)
    before = chart.value
    assert 'alt="Risk over α on P and Q. TTT on one measurement closes' in before
    tested.value = 0.5
    assert "TTT costs more than it gains" in chart.value
    size.value = 16
    assert kept.value == kept.max == 15


def test_charts_carry_intervals_as_bands_and_say_every_mean():
    mean = Interval(2.0, 1.0, 3.0, 9)
    chart = curve_chart([1, 2], {"a": [0.5, mean]}, x_title="x", y_title="y", alt="a rises").to_dict()
    rows = chart["layer"][0]["data"]["values"]
    assert [(row["value"], row["low"], row["high"]) for row in rows] == [(0.5, 0.5, 0.5), (2.0, 1.0, 3.0)]
    with pytest.raises(ValueError, match="argument"):
        curve_chart([1, 2, 3], {"a": [0.5]}, x_title="x", y_title="y", alt="a")


def test_colours_and_patterns_follow_the_order_given_and_not_the_ends():
    looks = []
    for first, second in (([1, 2], [3, 4]), ([1, 4], [3, 2])):
        spec = curve_chart([1, 2], {"y 1": first, "y 2": second}, x_title="x", y_title="y", alt="a").to_dict()
        drawn = spec["layer"][0]["layer"][-1]["encoding"]
        scales = [drawn[channel]["scale"] for channel in ("color", "strokeDash")]
        words = {layer["data"]["values"][0]["name"]: layer["mark"]["color"] for layer in spec["layer"][1:]}
        looks.append((*(dict(zip(one["domain"], map(str, one["range"]), strict=True)) for one in scales), words))
    assert looks[0] == looks[1]


def test_curves_carry_their_names_at_their_ends():
    spec = curve_chart([1, 2], {"P: low": [0.5, 0.6], "Q: high": [1, 2]}, x_title="x", y_title="y", alt="a").to_dict()
    words = [layer["data"]["values"][0]["name"] for layer in spec["layer"][1:]]
    assert words == ["Q: high", "P: low"]
    hues = [layer["mark"]["color"] for layer in spec["layer"][1:]]
    assert hues == [NAMED["Q"], NAMED["P"]]


def test_dots_have_their_numbers_and_a_title_from_their_intervals():
    mean = Interval(2.0, 1.0, 3.0, 9)
    gains = gain_chart({"noise": mean, "colour": Interval(-2.0, -3.0, -1.0, 9)}).to_dict()
    assert " ".join(gains["title"]) == "TTT helps under 1 of 2 shifts and does harm under 1"
    assert gains["description"].endswith("noise +2.000; colour −2.000")
    lost = {"P": {"shared": mean}, "Q": {"shared": Interval(0.1, -0.1, 0.3, 9)}}
    assert (
        loss_chart(lost)
        .to_dict()["description"]
        .endswith("shared, training noise (P) +2.000; shared, test noise (Q) +0.100")
    )
    told = "One α for both noise levels is measurably worse for 1 of 2"
    assert " ".join(loss_chart(lost).to_dict()["title"]) == told
    none = Interval(0.001, 0.0, 0.002, 9)
    close = loss_chart({side: {"shared": mean, "non-linear, α(y) from the residual": none} for side in "PQ"}).to_dict()
    told = "One α for both noise levels is best for neither; α from the residual is nearly best for both"
    assert " ".join(close["title"]) == told
    assert "best for neither" in " ".join(loss_chart({"P": {"shared": mean}}).to_dict()["title"])


def test_an_estimator_is_nearly_best_for_both_only_where_both_intervals_say_so():
    name, shared, small = (
        "non-linear, α(y) from the residual",
        Interval(2.0, 1.0, 3.0, 9),
        Interval(0.001, 0.0, 0.002, 9),
    )
    open_on_q = {"P": {"shared": shared, name: small}, "Q": {"shared": shared, name: Interval(0.001, -0.02, 0.022, 9)}}
    only_on_q = {"P": {"shared": shared}, "Q": {"shared": shared, name: small}}
    one_side = {"P": {"shared": shared, name: small}}
    for lost in (open_on_q, only_on_q, one_side):
        assert "nearly best" not in " ".join(loss_chart(lost).to_dict()["title"])


def test_chosen_colours_come_before_the_order():
    spec = curve_chart([1, 2], {"a": [0, 1], "b": [1, 2]}, x_title="x", y_title="y", alt="a", hues={"b": "#123456"})
    words = {layer["data"]["values"][0]["name"]: layer["mark"]["color"] for layer in spec.to_dict()["layer"][1:]}
    assert words["b"] == "#123456" != words["a"]


def test_training_is_titled_with_what_it_reached():
    alphas, overlap, none = torch.tensor([0.5, 0.8]), torch.tensor([0.1, 1.0]), torch.zeros(2)
    paths = {"supervised": Descent(alphas, none, overlap, none)}
    chart = training_chart(paths, 0.8).to_dict()
    assert " ".join(chart["title"]) == "Training finds the subspace and the best α, 0.80"
    assert [panel["title"]["text"][:5] for panel in chart["vconcat"]] == ["Share", "Shrin"]
    told = " ".join(training_chart(paths, 0.6).to_dict()["title"])
    assert told.endswith("and α = 0.800 (supervised) where 0.600 is best")


def test_single_measurements_have_one_colour_and_what_they_are_held_against_another():
    alphas, single = torch.tensor([0.0, 1.0]), torch.tensor([[0.0, 0.0], [1.0, -1.0]])
    chart = losses_chart(
        alphas, single, [Interval(0.0, 0.0, 0.0, 9), Interval(0.5, 0.4, 0.6, 9)], torch.tensor([0.0, 0.4])
    )
    assert "to within 0.100" in " ".join(chart.to_dict()["title"])
    words = {layer["data"]["values"][0]["name"]: layer["mark"]["color"] for layer in chart.to_dict()["layer"][1:]}
    assert words["measurement 1"] == words["measurement 2"] != words["mean of 9 measurements"]
    assert words["risk on Q"] == NAMED["Q"]
    descents = descents_chart(torch.tensor([[0.8, 0.8], [0.4, 0.6]]), 0.5).to_dict()
    assert "from 0.80 to values between 0.40 and 0.60; 0.50 is best" in " ".join(descents["title"])


def test_the_rates_are_told_by_their_slopes():
    rows = [
        {"regime": name, "measured": {"value": value, "high": value + 0.1}}
        for name, value in (("d/n fixed", -0.5), ("d = 32", 0.0))
    ]
    said = "The spread of α falls with n for d/n fixed (slope −0.50)"
    assert rates_in_short(rows) == f"{said}; it does not fall for d = 32"
    assert rates_in_short(rows[:1]) == said


def test_three_sentences_carry_the_numbers_of_the_run():
    slope = Interval(-0.51, -0.55, -0.47, 9)
    share = FractionClosed(Interval(0.98, 0.97, 0.99, 9), "")
    said = findings(0.8, (0.8, 0.5), Interval(0.5, 0.49, 0.51, 9), share, slope, -0.52, ["louder inside"]).data
    assert len(said.splitlines()) == 3
    assert "its log–log slope is −0.510 [−0.550, −0.470] (exact law −0.520)" in said
    assert "**TTT does harm** under 1 of these shifts: more noise inside the subspace." in said
