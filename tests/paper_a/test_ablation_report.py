"""What charts and tables of the ablation show: the numbers of its rows, under their names."""

import json

import pytest
from records import record

from mrilib.figures.notebook import setup
from mrilib.paper_a.early_stopping_and_ablation.ablation import PLUNGE
from mrilib.paper_a.early_stopping_and_ablation.report import (
    fall_chart,
    fall_message,
    losses_chart,
    outcome_table,
    phases_chart,
    phases_message,
    record_outcomes,
    rules_table,
    turns_chart,
    windows_chart,
)
from mrilib.paper_a.early_stopping_and_ablation.rules import rule_row
from mrilib.paper_a.early_stopping_and_ablation.tables import live_settings
from mrilib.paper_a.early_stopping_and_ablation.turning import turning_chart
from mrilib.ttt import History

ROW = {
    "iterations": [0, 10, PLUNGE, 45],
    "ssim": [[0.6, 0.4, 0.7, 0.9], [0.8, 0.7, 0.9, 0.9]],
    "phase_error": [[1.0, 0.5, 0.2, 0.1], [2.0, 0.5, 0.2, 0.1]],
    "validation_error": [[4.0, 3.0, 2.0, 1.0], [4.0, 3.0, 2.0, 1.0]],
    "before": [0.6, 0.8],
    "after": [0.9, 0.9],
}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path))
    setup(0, "cpu")
    return lambda: json.loads((tmp_path / "results.json").read_text())


def test_outcomes_are_recorded_under_the_name_of_the_row(results):
    record_outcomes({"joint": ROW})
    found = {name: entry["value"] for name, entry in results().items() if name.endswith("_joint")}
    expected = {"before": 0.7, "worst": 0.55, "dip": 0.15, "after": 0.9, "phase": 1.5, f"change_in_{PLUNGE}": 0.1}
    assert found == {f"{key}_joint": pytest.approx(value) for key, value in expected.items()}


def test_the_table_says_before_worst_and_after():
    text = str(outcome_table({"one, magnitude, plain": ROW}, "A caption"))
    assert all(word in text for word in ("one, magnitude, plain", "0.7", "0.55", "0.9", "1.5"))


def test_panels_hold_means_over_slices_under_a_title_that_gives_the_lowest_ssim():
    other = ROW | {"ssim": [[0.6, 0.1, 0.7, 0.9], [0.8, 0.1, 0.9, 0.9]]}
    chart = fall_chart({"joint": ROW, "supervised": other}, "2 simulated slices", "described").to_dict()
    assert [panel["title"]["text"].split(" (")[0] for panel in chart["vconcat"]] == [
        "True SSIM",
        "Phase error",
        "Self-validation error",
    ]
    points = [row for row in drawn(chart["vconcat"][0]) if row.get("method") == "joint"]
    assert [point["value"] for point in points[:4]] == pytest.approx([0.7, 0.55, 0.8, 0.9])
    assert "“supervised” falls to 0.10 " in " ".join(chart["title"])
    assert chart["description"] == "described"


def test_each_network_has_its_panel_of_turns():
    chart = turns_chart({"One": {"joint on P + TTT": ROW}, "Two": {"turned": ROW}}, "2 simulated slices", "x").to_dict()
    assert [panel["title"]["text"] for panel in chart["vconcat"]] == ["One", "Two"]
    assert {row["method"] for row in drawn(chart["vconcat"][1]) if "method" in row} == {"turned"}


def test_every_network_stands_at_its_phase_error_and_its_fall_and_some_are_named():
    rows = {"joint, turned": ROW, "supervised": ROW}
    chart = phases_chart(rows, {"joint, turned": "a word"}, "2 simulated slices").to_dict()
    dots = {dot["name"]: dot for dot in chart["layer"][0]["data"]["values"]}
    assert {name: dot["phase"] for name, dot in dots.items()} == pytest.approx(dict.fromkeys(rows, 1.5))
    assert dots["supervised"]["fall"] == pytest.approx(0.15)
    calm = ROW | {"ssim": [[0.6, 0.6, 0.7, 0.9]] * 2, "phase_error": [[0.25, 0.2, 0.1, 0.1]] * 2}
    told = [
        " ".join(phases_chart({"a": ROW, "b": one}, {}, "slices").to_dict()["title"]) for one in (calm, turned(calm))
    ]
    assert "rank correlation of 1.00 over 2 networks" in told[0]
    assert "rank correlation of −1.00 over 2 networks" in told[1]
    assert [dots[name]["joint"] for name in rows] == [True, False]
    assert [dot["word"] for layer in chart["layer"][1:] for dot in layer["data"]["values"]] == ["a word"]


def turned(row):
    """The row with a larger phase error than `ROW` has."""
    return row | {"phase_error": [[3.0, 2.0, 1.0, 1.0]] * 2}


def drawn(chart):
    """Rows of a chart and of its layers."""
    own = chart.get("data", {}).get("values", [])
    return own + [row for layer in chart.get("layer", ()) for row in drawn(layer)]


@pytest.fixture
def histories():
    """Errors fall, then rise from iteration 3 on; the score is highest at 3."""
    errors = [5.0, 4.0, 3.0, 2.0, 2.5, 3.0, 3.5, 4.0]
    return [History(errors, errors, {n: 1 - abs(n - 3) / 10 for n in range(len(errors))})] * 2


def test_windows_are_scored_where_their_rule_stops(histories):
    chart = windows_chart(histories, ("fixed",), (1, 3), "2 simulated slices").to_dict()
    points = chart["layer"][0]["data"]["values"]
    assert {(point["w"], point["SSIM"]) for point in points} == {(1, 0.8), (3, 1.0)}
    told = "A window of 1 costs up to 0.200 in SSIM, one of 3 up to 0.000 (“fixed”; 2 simulated slices)"
    assert told in " ".join(chart["title"])


def test_every_slice_is_drawn_relative_to_its_best_with_the_image_that_the_rule_returns(histories):
    whole = turning_chart(histories, "rises", 1, "2 simulated slices").to_dict()
    ssim, error = whole["vconcat"]
    assert {(row["iteration"], row["ssim"]) for row in drawn(ssim) if "slice" in row} >= {(3, 0.0), (7, -0.4)}
    assert ssim["title"]["text"] == "True SSIM: stopping loses 0.000 on average, never stopping 0.400"
    dots = next(layer["data"]["values"] for layer in error["layer"] if layer["mark"]["type"] == "point")
    assert [(dot["iteration"], dot["error"]) for dot in dots] == [(3, 0.0)] * 2
    assert error["title"]["text"].endswith("lowest at iteration 3, image best at 3 (medians)")
    assert " ".join(whole["title"]).endswith("lowest near the iteration of the best image (2 simulated slices)")
    assert "(2 simulated slices). SSIM: stopping loses" in whole["description"]


def test_an_error_that_turns_elsewhere_is_told_so(histories):
    late = [History(one.train_error, one.validation_error[::-1], one.score) for one in histories]
    apart = turning_chart(late, "rises", 1, "2 simulated slices").to_dict()
    assert "lowest far from the iteration of the best image" in " ".join(apart["title"])
    assert "lowest at iteration 4, image best at 3" in apart["description"]
    with pytest.raises(ValueError, match="nothing to draw"):
        turning_chart([], "rises", 1, "no slices")


def test_the_phases_are_told_by_their_errors():
    told = "error 0.17 rad after joint training, 1.66 rad after supervised training"
    assert phases_message(1.66, 0.17) == f"Joint training gives the phase of the full data: {told}"
    assert phases_message(0.1, 0.2).startswith("0.20 rad after joint training")


def test_a_fall_is_told_with_its_lowest_point():
    told = "SSIM 0.700 before TTT, 0.200 at iteration 10, 0.600 at iteration 100"
    assert fall_message({0: 0.7, 10: 0.2, 100: 0.6}) == f"SSIM first falls and then rises: {told}"
    assert fall_message({0: 0.7, 10: 0.6, 100: 0.5}) == "SSIM 0.700 before TTT, 0.500 at iteration 100"
    assert "does not fall" in fall_message({0: 0.5, 10: 0.6, 100: 0.7})


def test_rules_stand_in_the_order_of_their_losses(histories):
    lines = [rule_row(histories, rule, 1) for rule in ("fixed", "rises", "oracle")]
    chart = losses_chart(lines, "2 simulated slices").to_dict()
    assert "“fixed, iteration 1” loses most, 0.200 (2 simulated slices)" in " ".join(chart["title"])
    assert chart["description"].index("error rises") < chart["description"].index("fixed, iteration 1 +0.200")


def runs_with_an_early_bump(*heights):
    """Runs in which a window of 1 returns iteration 3, and one of 3 returns iteration 6, better by a slice's height."""
    errors = [5.0, 4.9, 4.8, 4.7, 4.8, 3.0, 2.9, 3.0, 3.1, 3.2, 3.3, 3.4]
    scores = [dict.fromkeys(range(len(errors)), 0.7) | {6: 0.7 + height} for height in heights]
    return [History(errors, errors, one) for one in scores]


def losses_title(histories, *tried):
    chart = losses_chart([rule_row(histories, *one) for one in tried], "simulated slices").to_dict()
    return " ".join(chart["title"])


def test_the_title_says_that_the_window_matters_where_one_rule_loses_clearly_more_with_another():
    told = losses_title(runs_with_an_early_bump(0.2, 0.2), ("rises", 1), ("rises", 3))
    assert told == (
        "The window matters: the same rule loses 0.000 in SSIM with a window of 3 and 0.200 with one of 1 "
        "(simulated slices)"
    )


@pytest.mark.parametrize("heights", [(0.0, 0.0, 0.0), (0.001, 0.001, 0.001), (0.3, 0.0, 0.0)])
def test_windows_that_do_not_differ_or_hardly_or_not_distinguishably_do_not_matter(heights):
    told = losses_title(runs_with_an_early_bump(*heights), ("rises", 1), ("rises", 3))
    assert "matters" not in told
    assert "loses least" in told


@pytest.mark.parametrize("rule", ["fixed", "oracle"])
def test_a_rule_without_a_window_has_none_that_matters(rule):
    runs = runs_with_an_early_bump(0.2, 0.2)
    worst = rule_row(runs, "fixed", 1) | {"rule": rule, "window": 1}
    best = rule_row(runs, "fixed", 6) | {"rule": rule, "window": 6}
    assert "matters" not in " ".join(losses_chart([worst, best], "simulated slices").to_dict()["title"])


def test_rules_stand_with_their_loss_to_the_oracle(histories):
    lines = [rule_row(histories, "fixed", 1), rule_row(histories, "oracle", 1)]
    text = str(rules_table(lines, "A caption"))
    assert all(word in text for word in ("fixed", "oracle", "0.8", "0.2"))


def test_the_run_that_is_watched_is_no_longer_than_the_stored_ones():
    for asked, made in ((70, 70), (700, 600)):
        assert live_settings(record("05", live_iterations=asked)).max_iterations == made
