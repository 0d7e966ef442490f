"""How a contest is shown: keys, the gap beside the paper's, curves and their falls."""

import json

import pytest

from mrilib.figures.notebook import setup
from mrilib.paper_a.zero_shot_and_untrained.charts import (
    behind_chart,
    gain_in_words,
    times_chart,
)
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest
from mrilib.paper_a.zero_shot_and_untrained.curves import curve_points, curves_chart
from mrilib.paper_a.zero_shot_and_untrained.report import (
    Adaptation,
    cost_table,
    falls,
    leads_table,
    rates_table,
    record_scores,
    result_key,
    time_ratio,
)

NAMES = ("q", "p", "q + TTT", "p + TTT")
SCORES = {"q": [0.9, 0.92], "p": [0.7, 0.72], "q + TTT": [0.91, 0.93], "p + TTT": [0.89, 0.91]}


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path))
    setup(0, "cpu")
    return lambda: json.loads((tmp_path / "results.json").read_text())


class Fixed(Contest):
    """A contest whose rows are known."""

    def on_validation(self, name):
        return {1e-3: 0.8} | ({2e-3: 0.9} if name == "slow" else {})

    def on_test(self, name):
        return {"seconds": [4.0, 6.0] if name == "slow" else [2.0, 2.0], "iterations": [7, 9], "machine": "a machine"}


@pytest.fixture
def contest():
    return Fixed({"fast": None, "slow": None}, None, (1e-3, 2e-3), (), ())


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("joint on P + TTT", "joint_p_ttt"),
        ("ZS-SSL from Q", "zs_ssl_q"),
        ("ZS-SSL, random weights", "zs_ssl_random_weights"),
        ("unrolled, supervised on P", "unrolled_supervised_p"),
    ],
)
def test_keys_are_names(name, key):
    assert result_key(name) == key


def test_scores_are_recorded_with_intervals(results):
    record_scores({"ZS-SSL from P": [0.8, 0.9]})
    assert results()["ssim_zs_ssl_p"]["value"] == pytest.approx(0.85)
    assert results()["ssim_zs_ssl_p"]["n"] == 2


def test_the_gap_stands_beside_the_paper_s(results):
    way = Adaptation("Table 4, ZS-SSL", NAMES, SCORES)
    assert way.before.value == pytest.approx(0.2)
    assert way.after.value == pytest.approx(0.02)
    assert way.closed.interval.value == pytest.approx(0.9)
    rows = {row["method"]: row for row in way.rows()}
    assert (rows["q"]["paper"], rows["p + TTT"]["paper"]) == ("0.933", "0.934")
    assert rows["gap before"]["paper"] == "0.030"
    assert rows["closed"]["paper"] == "93.1 %; its scores give 92.7 %"
    way.record("zs")
    assert results()["fraction_closed_zs"]["value"] == pytest.approx(0.9)
    assert results()["gap_after_zs"]["value"] == pytest.approx(0.02)


def test_where_there_is_no_gap_the_reason_is_recorded(results):
    Adaptation("Table 4, ZS-SSL", NAMES, SCORES | {"p": [0.91, 0.91]}).record("zs")
    assert "not distinguishable" in results()["fraction_closed_zs"]


def test_rates_and_costs_have_a_row_for_each_method(contest):
    rates = rates_table(contest, "rates")
    assert rates.headings == ("method", "0.001", "0.002", "chosen")
    assert [row[-1] for row in rates.cells] == ["0.001", "0.002"]
    assert [row[2] for row in rates.cells] == ["not tried", "0.900"]
    cost = cost_table(contest, "cost")
    assert cost.cells[1] == ("slow", "5.0 [4.0, 6.0]", "8 [7, 9]", "a machine")
    assert time_ratio(contest, "slow", "fast").value == pytest.approx(2.5)


def test_curves_have_means_and_falls():
    curves = {"up": {"iterations": [0, 5], "ssim": [[0.4, 0.6], [0.6, 0.8]]}}
    curves["down"] = {"iterations": [0, 5, 9], "ssim": [[0.5, 0.1, 0.7], [0.5, 0.3, 0.9]]}
    points = curve_points(curves)
    assert [(p["step"], p["method"]) for p in points] == [(1, "up"), (6, "up"), (1, "down"), (6, "down"), (10, "down")]
    assert [p["value"] for p in points[:2]] == pytest.approx([0.5, 0.7])
    assert falls(curves)["up"].value == 0
    assert falls(curves)["down"].value == pytest.approx(-0.3)


def test_curves_are_titled_with_the_deepest_fall_and_named_at_their_ends():
    down = {"ConvDecoder": {"iterations": [0, 5, 9], "ssim": [[0.5, 0.1, 0.7], [0.5, 0.3, 0.9]]}}
    rising = {name: {"iterations": [0, 5], "ssim": [[0.4, 0.6]]} for name in ("joint on P + TTT", "un-trained network")}
    alone, steady, both = (
        curves_chart(given, "anatomy", "simulated").to_dict() for given in (down, rising, rising | down)
    )
    fell = "For the un-trained decoder, SSIM first falls from 0.50 to 0.20"
    assert " ".join(alone["title"]) == f"{fell} (simulated data)"
    assert "mean of 2 slices" in json.dumps(alone)
    assert "−0.30" in json.dumps(alone, ensure_ascii=False)
    assert "0.80 un-trained decoder" in json.dumps(alone)
    assert "SSIM never falls below its initial value" in " ".join(steady["title"])
    assert " ".join(both["title"]).startswith(f"{fell}; for the others, it stays above its initial value")


def test_times_are_ranked_and_their_ratio_is_told(contest):
    spec = times_chart(contest, "slow", "fast", "anatomy", "simulated").to_dict()
    assert [(row["name"], row["value"]) for row in spec["data"]["values"]] == [("fast", 2.0), ("slow", 5.0)]
    assert " ".join(spec["title"]) == "Slow takes 2.5 times as long as fast (simulated data)"


def test_leads_are_paired_and_recorded(results):
    fall = falls({"p": {"iterations": [0, 1], "ssim": [[0.5, 0.1], [0.5, 0.3]]}})
    shown = leads_table(SCORES, "p + TTT", ["p", "q"], fall, "leads")
    assert [row[0] for row in shown.cells] == ["p", "q"]
    assert shown.cells[1][2] == "–"
    assert results()["lead_p"]["value"] == pytest.approx(0.19)
    assert results()["lead_q"]["low"] == pytest.approx(-0.01)
    assert results()["fall_p"]["value"] == pytest.approx(-0.3)


def test_methods_are_ranked_behind_test_time_training_in_the_colours_of_their_kinds():
    scores = {"joint on P + TTT": [0.8, 0.9, 0.85], "supervised on Q": [0.9, 0.94, 0.92]}
    scores |= {"ConvDecoder": [0.7, 0.95, 0.8], "un-trained network": [0.75, 0.83, 0.8]}
    spec = behind_chart(scores, list(scores)[1:], "anatomy", "simulated").to_dict()
    rows = spec["layer"][2]["data"]["values"]
    assert [row["name"] for row in rows] == [
        "TTT", "un-trained decoder", "un-trained network", "not adapted: trained on brains",
    ]  # fmt: skip
    assert [row["label"] for row in rows] == ["0.000", "−0.033", "−0.057", "+0.070"]
    assert [row["certain"] for row in rows] == [True, False, True, False]
    assert [row["series"] for row in rows][1:3] == ["network without training"] * 2
    assert " ".join(spec["title"]) == (
        "Without any training set, networks end 0.033 to 0.057 below TTT (simulated data)"
    )
    unsure = behind_chart(scores | {"supervised on P": [0.5, 0.6, 0.5]}, list(scores)[1:], "anatomy", "simulated")
    assert "end 0.033 to 0.057 below TTT, which gains 0.317 (sim" in " ".join(unsure.to_dict()["title"])
    close = {"supervised on P": [0.5, 0.6, 0.5], "un-trained network": [0.79, 0.892, 0.84]}
    near = behind_chart(scores | close | {"ConvDecoder": [0.79, 0.89, 0.841]}, list(scores)[1:], "anatomy", "simulated")
    assert "networks score nearly as high as TTT" in " ".join(near.to_dict()["title"])
    level = behind_chart(scores | {"un-trained network": [0.8, 0.91, 0.85]}, list(scores)[1:], "anatomy", "simulated")
    assert "score as TTT does, within the intervals" in " ".join(level.to_dict()["title"])


def test_the_gain_on_one_slice_is_told_from_the_score_without_adaptation():
    told = gain_in_words({"supervised on P": 0.67, "ZS-SSL from P": 0.78, "joint on P + TTT": 0.82}, "simulated")
    assert told == (
        "On this slice, every method that adapts beats the network that does not; TTT scores highest (simulated data)"
    )
    some = gain_in_words({"supervised on P": 0.7, "ZS-SSL from P": 0.6, "joint on P + TTT": 0.8}, "simulated")
    assert "1 of 2 methods that adapt beat the network" in some
