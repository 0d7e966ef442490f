"""The best weights and the cost of another distribution's, in charts and close-ups."""

import pytest

from mrilib.paper_b.wavelets_need_tuning import report
from mrilib.paper_b.wavelets_need_tuning.experiment import Tuning
from mrilib.paper_b.wavelets_need_tuning.weights import emphasised, weights_chart

TITLES = {"m4raw_t1": "M4Raw T1", "m4raw_t2": "M4Raw T2"}


@pytest.fixture
def tuning(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    means = {"m4raw_t1": [0.8, 0.5], "m4raw_t2": [0.3, 0.6]}
    rows = {name: {"ssim": [[mean - 0.01, mean, mean + 0.01] for mean in one]} for name, one in means.items()}
    monkeypatch.setattr(Tuning, "_compute", lambda self, name, split: rows[name])
    return Tuning(tuple(TITLES), (1e-3, 1e-2), 3, 3)


def test_costs_stand_by_row_and_column_in_the_order_of_the_weights(tuning):
    chart = report.costs_chart(tuning, TITLES, "simulated").to_dict()
    cells = {(row["row"], row["column"]): row["value"] for row in chart["data"]["values"]}
    assert cells["M4Raw T1", "λ = 0.01"] == pytest.approx(0.3)
    assert cells["M4Raw T2", "λ = 0.001"] == pytest.approx(0.3)
    assert cells["M4Raw T1", "λ = 0.001"] is None
    title = " ".join(chart["title"])
    assert title.startswith("Too ")
    assert title.endswith(": 0.300 (simulated data)")


def test_the_best_weights_are_told(tuning):
    told = weights_chart(tuning, "validation", TITLES, "A message").to_dict()["description"]
    assert "M4Raw T1 λ = 0.001; M4Raw T2 λ = 0.01" in told


def test_each_curve_has_a_dot_at_its_best_weight(tuning):
    spec = weights_chart(tuning, "validation", TITLES, "A message").to_dict()
    peaks = {row["name"]: row["weight"] for row in spec["layer"][2]["data"]["values"]}
    assert peaks == {"M4Raw T1": 0.001, "M4Raw T2": 0.01}


def test_three_curves_at_most_are_in_colour(tuning):
    assert emphasised(tuning) == sorted(TITLES, key=tuning.best)
    rows = weights_chart(tuning, "validation", TITLES, "A message").to_dict()["layer"][0]["data"]["values"]
    assert {row["name"]: row["strong"] for row in rows} == dict.fromkeys(TITLES.values(), True)
