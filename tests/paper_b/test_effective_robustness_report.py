"""Charts of robustness hold a point for each network and the line of P_best as far as any point lies."""

import pytest
from robust_scores import ACCELERATIONS, PARAMETERS, known, known_likeness

from mrilib.paper_b.effective_robustness.experiment import BEST, SETS, SIZES
from mrilib.paper_b.effective_robustness.report import (
    accelerations_table,
    differences_chart,
    histogram_chart,
    likeness_chart,
    likeness_table,
    points,
    robustness_chart,
    robustness_table,
    selection_table,
    sizes_table,
)
from mrilib.paper_b.effective_robustness.table_2 import comparisons, study


@pytest.fixture
def found():
    one = known()
    scores = dict.fromkeys(one.selection.arms, 0.5) | {one.best: 0.625}
    one.selection._read.update(
        {(arm, test): {"ssim": [value] * 2} for arm, value in scores.items() for test in one.selection.tests}
    )
    return {"coils": one}


@pytest.fixture
def factors():
    made = study(ACCELERATIONS)
    for place, arm in enumerate(made.arms):
        for test in made.tests:
            made._read[arm, test] = {"ssim": [0.5 + place / 100, 0.7 + place / 100]}
    return made


def test_each_network_is_a_point_and_each_set_a_line(found):
    rows = points(found)
    assert len([row for row in rows if "set" in row]) == len(SETS) * len(SIZES)
    ends = [row for row in rows if "set" not in row and row["trained on"] == BEST]
    assert [row["x"] for row in ends] == [pytest.approx(0.6), pytest.approx(0.82)]
    assert [row["y"] for row in ends] == [pytest.approx(0.6), pytest.approx(0.71)]


def test_the_chart_says_how_high_p_lies(found):
    spec = robustness_chart(found, "A message").to_dict()
    assert "P 0.020" in spec["description"]
    assert "15 to 4 coils" in str(spec)


def test_tables_name_the_best_part_and_its_scores(found):
    first = robustness_table(found, "A caption").cells[0]
    assert first[1] == "fastMRI knee PD, Aera 1.5 T"
    assert (first[2][:5], first[3][:5], first[4][:5]) == ("0.020", "0.050", "0.025")
    assert "0.625 (best)" in [row[1] for row in selection_table(found, "A caption").cells]
    sizes = sizes_table(found["coils"], "A caption").cells
    assert len(sizes) == len(SETS) * len(SIZES)
    assert sizes[0][:3] == ("best of P, all", str(PARAMETERS.train_slices), str(PARAMETERS.epochs))


def test_nominal_and_true_accelerations_stand_side_by_side(factors):
    shown = accelerations_table(factors, {2: 1.73, 3: 2.5, 4: 3.2, 8: 6.5, 16: 11.6}, "A caption")
    assert shown.headings == (
        "trained at", "2-fold (true 1.7)", "4-fold (true 3.2)", "8-fold (true 6.5)", "16-fold (true 11.6)",
        "3-fold (true 2.5)",
    )  # fmt: skip
    assert shown.cells[0][1] == "0.600"


def test_differences_are_drawn_at_home_and_at_the_unseen_factor(factors):
    spec = str(differences_chart(factors, comparisons(), "A message").to_dict())
    for word in ("where the specialist is in distribution", "at the unseen 3-fold", "16-fold", "+0.040"):
        assert word in spec


def test_likeness_is_drawn_and_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    one = known_likeness()
    drawn = likeness_chart({"contrast": one}, "A message").to_dict()
    assert "correlation 1.000" in drawn["description"]
    assert str(drawn).count("'one part of P'") == 5 + 3  # a point each, and a scale in every layer
    bars = histogram_chart(one, "A message").to_dict()
    assert "to training slices of P 0.551, to training slices of Q 0.561" in bars["description"]
    told = likeness_table({"vgg": {"contrast": one}}, "A caption").cells[0]
    assert [cell[:5] for cell in told[2:]] == ["1.000", "0.010", "0.030", "0.060"]
