"""What charts and tables of the ablation show: the numbers of its rows, under their names."""

import json

import pytest
from records import record

from mrilib.figures.notebook import setup
from mrilib.paper_a.early_stopping_and_ablation.ablation import PLUNGE
from mrilib.paper_a.early_stopping_and_ablation.report import (
    during,
    ends_in_words,
    outcome_table,
    record_outcomes,
    rules_table,
    windows_chart,
)
from mrilib.paper_a.early_stopping_and_ablation.rules import rule_row
from mrilib.paper_a.early_stopping_and_ablation.stops import stops_chart
from mrilib.paper_a.early_stopping_and_ablation.tables import live_settings
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


def test_curves_are_means_over_slices_under_a_title_that_says_of_what():
    chart = during({"joint": ROW}, "ssim", "True SSIM", "2 simulated slices", "described").to_dict()
    points = chart["layer"][0]["data"]["values"]
    assert [point["value"] for point in points] == pytest.approx([0.7, 0.55, 0.8, 0.9])
    assert "2 simulated slices" in json.dumps(chart["title"])
    assert chart["description"] == "described"


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


def test_every_rule_has_its_stop_on_the_chart(histories):
    chart = stops_chart(histories[0], [("rises", 1), ("fixed", 1), ("oracle", 1)], "simulated").to_dict()
    lanes = chart["vconcat"][2]["layer"][0]["data"]["values"] if "data" in chart["vconcat"][2]["layer"][0] else None
    stops = {row["rule"]: row for row in lanes or chart["vconcat"][2]["data"]["values"]}
    assert stops["error rises, best image, w = 1"]["iteration"] == 3
    assert stops["error rises, best image, w = 1"]["halt"] > 3
    assert stops["fixed, iteration 1"]["ssim"] == pytest.approx(0.8)
    assert stops["best image (oracle)"]["ssim"] == 1
    assert "“error rises, best image, w = 1” loses 0.000 in SSIM" in " ".join(chart["title"])


def test_rules_stand_with_their_loss_to_the_oracle(histories):
    lines = [rule_row(histories, "fixed", 1), rule_row(histories, "oracle", 1)]
    text = str(rules_table(lines, "A caption"))
    assert all(word in text for word in ("fixed", "oracle", "0.8", "0.2"))


def test_the_run_that_is_watched_is_no_longer_than_the_stored_ones():
    for asked, made in ((70, 70), (700, 600)):
        assert live_settings(record("05", live_iterations=asked)).max_iterations == made


def test_the_title_of_the_curves_gives_the_score_at_the_stop_and_at_the_end():
    history = History([1.0] * 9, [1.0] * 9, {0: 0.5, 4: 0.9, 8: 0.7})
    words = "Early stopping returns an image with an SSIM of 0.900; after 8 iterations, it is 0.700"
    assert ends_in_words(history, 5, "simulated") == f"{words} (one simulated slice)"
