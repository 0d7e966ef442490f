"""Charts of robustness hold a point for each network and the line of P_best as far as any point lies."""

import dataclasses
from types import SimpleNamespace

import pytest
from drawn import chart_svg
from robust_scores import ACCELERATIONS, PARAMETERS, known, known_likeness

from mrilib.gap import Interval
from mrilib.paper_b.effective_robustness import extremes
from mrilib.paper_b.effective_robustness.experiment import BEST, SETS, SIZES, P, Robustness
from mrilib.paper_b.effective_robustness.extremes import extremes_chart
from mrilib.paper_b.effective_robustness.heights import heights_chart, in_words, longer_in_words
from mrilib.paper_b.effective_robustness.report import (
    points,
    robustness_chart,
    robustness_table,
    selection_table,
    sizes_table,
)
from mrilib.paper_b.effective_robustness.side_questions import (
    accelerations_table,
    differences_chart,
    equal_steps_in_words,
    lengths_chart,
    lengths_in_words,
    likeness_chart,
    likeness_in_words,
    likeness_table,
    nearness_chart,
)
from mrilib.paper_b.effective_robustness.table_2 import comparisons, study
from mrilib.paper_b.effective_robustness.worked import worked_chart


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
    spec = robustness_chart(found, "simulated").to_dict()
    assert "brains (4 coils) 0.020" in spec["description"]
    assert "knees (15 coils) → brains (4 coils)" in str(spec)
    assert " ".join(spec["title"]).endswith("best single dataset under 1 of 1 shifts (simulated data)")


def test_one_shift_is_drawn_with_its_height_above_the_line(found):
    spec = worked_chart(found["coils"], "simulated").to_dict()
    assert "effective robustness +0.020" in spec["description"]
    assert "score 0.020 higher than their SSIM in distribution predicts" in " ".join(spec["title"])
    rows = [row for layer in spec["layer"] for row in layer["data"]["values"]]
    rise = next(row for row in rows if row.get("name") == "effective robustness")
    assert rise["y"] - rise["line"] == pytest.approx(0.02)
    assert sum(row.get("trained on") == P and "set" in row for row in rows) == len(SIZES)


def test_the_message_follows_the_sign_of_the_height(found, monkeypatch):
    monkeypatch.setattr(Robustness, "gain", lambda *_: Interval(-0.02, -0.03, -0.01, 4))
    assert "score 0.020 lower than" in " ".join(worked_chart(found["coils"], "simulated").to_dict()["title"])
    monkeypatch.setattr(Robustness, "gain", lambda *_: Interval(0.02, -0.03, 0.05, 4))
    assert "score as their SSIM in distribution predicts" in " ".join(
        worked_chart(found["coils"], "simulated").to_dict()["title"]
    )


def test_a_panel_says_how_high_p_lies(found):
    spec = robustness_chart(found, "simulated").to_dict()
    rows = spec.get("data", spec["spec"].get("data"))["values"]
    assert {row["panel"] for row in rows} == {"knees (15 coils) → brains (4 coils): +0.020"}


def test_heights_are_ranked_and_say_under_how_many_shifts(found):
    spec = heights_chart(found, {}, "simulated").to_dict()
    assert spec["description"].endswith("knees (15 coils) → brains (4 coils) +0.020")
    title = " ".join(spec["title"])
    assert title == "Diverse data make a network more robust to a new anatomy with fewer coils (simulated data)"


@pytest.fixture
def longer(found, monkeypatch):
    """Heights of 12 epochs that a test sets, beside +0.02 after 6 epochs."""
    one = found["coils"]
    one.__dict__["longer"] = dataclasses.replace(one, p=one.p.twice_as_long)
    heights = {6: Interval(0.02, 0.01, 0.03, 4)}
    monkeypatch.setattr(Robustness, "gain", lambda self, _: heights[self.p.epochs])
    return heights


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0.025, "Diverse data make a network more robust to a new anatomy with fewer coils"),
        (
            0.05,
            "Whether diverse data make a network more robust to a new anatomy with fewer coils depends on the length",
        ),
    ],
)
def test_the_message_names_no_height_that_longer_training_moves(found, longer, value, message):
    longer[12] = Interval(value, 0.01, 0.06, 4)
    title, rows = heights_chart(found, found, "simulated").to_dict()["description"].split(": ")
    assert title.startswith(message)
    assert rows == (
        "knees (15 coils) → brains (4 coils), 6 epochs +0.020; "
        f"knees (15 coils) → brains (4 coils), 12 epochs +{value:.3f}"
    )


def test_the_sentence_says_which_heights_are_settled(found, longer):
    longer[12] = Interval(0.025, 0.02, 0.03, 4)
    assert longer_in_words(found) == [
        "**Effective robustness of P after twice as many epochs:** knees (15 coils) → brains (4 coils) +0.025 "
        "[0.020, 0.030], settled."
    ]
    longer[12] = Interval(0.05, 0.04, 0.06, 4)
    assert longer_in_words(found)[0].endswith("moved.")
    assert found["coils"].moves(P) == pytest.approx(3)
    assert longer_in_words({}) == []


def test_what_lies_on_both_sides_of_0_is_written_there(found):
    drawn = chart_svg(heights_chart(found, {}, "simulated"))
    assert "← worse than predicted" in drawn
    assert "better than predicted →" in drawn


def test_a_shift_that_lowers_robustness_is_named_as_such(found, monkeypatch):
    monkeypatch.setattr(Robustness, "gain", lambda *_: Interval(-0.02, -0.03, -0.01, 4))
    assert "less robust to a new anatomy with fewer coils" in " ".join(
        heights_chart(found, {}, "simulated").to_dict()["title"]
    )
    monkeypatch.setattr(Robustness, "gain", lambda *_: Interval(0.02, -0.03, 0.05, 4))
    assert "neither more nor less robust" in " ".join(heights_chart(found, {}, "simulated").to_dict()["title"])


def test_the_extremes_are_the_shifts_of_the_largest_and_the_smallest_gain(found, monkeypatch):
    gains = {"anatomy": -0.02, "contrast": 0.01, "field": 0.03}
    several = {name: dataclasses.replace(found["coils"], name=name) for name in gains}
    rows = points(found)
    monkeypatch.setattr(extremes, "points", lambda _: rows)
    monkeypatch.setattr(
        Robustness, "gain", lambda one, _: Interval(gains[one.name], gains[one.name] - 1e-3, gains[one.name] + 1e-3, 4)
    )
    spec = extremes_chart(several, "simulated").to_dict()
    title = " ".join(spec["title"])
    assert (
        "above the line for the shift from 1.5 T to 3 T scanners and below the line for the shift from knees to brains"
        in title
    )
    assert [panel["title"]["text"] for panel in spec["hconcat"]] == [
        "1.5 T → 3 T scanners: +0.030",
        "knees → brains: −0.020",
    ]
    assert all(name in str(spec) for name in ("all of P and Q", "dataset of P"))


def test_the_sentences_follow_the_sign(found):
    above, reach = in_words(found)
    assert above.startswith(
        "**More robust than SSIM in distribution predicts:** knees (15 coils) → brains (4 coils) +0.020"
    )
    assert reach.startswith("**Networks trained on P and Q, relative to the same line:** +0.050")


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
    spec = str(differences_chart(factors, comparisons(), "simulated").to_dict())
    for word in (
        "at a factor that both were trained for",
        "at 3-fold, new to the network for all four",
        "against the 16-fold specialist",
        "+0.040",
        "worse than ",
    ):
        assert word in spec


def test_differences_are_drawn_over_the_number_of_steps_and_told_for_both_readings(factors):
    for place, arm in enumerate(factors.arms):
        for test in factors.tests:
            factors._read[arm, test]["ssim"][1] += place**2 / 1e4
    drawn = lengths_chart(factors, ACCELERATIONS).to_dict()
    assert "2-fold specialist, 9 steps +0.0408; 2-fold specialist, 18 steps +0.0432" in drawn["description"]
    told = equal_steps_in_words(factors, ACCELERATIONS)
    assert "for each network, +0.046" in told
    assert "for each factor, +0.173" in told
    two_fold = lengths_in_words(factors, ACCELERATIONS)[0]
    assert two_fold.startswith(
        "**2-fold:** specialist (2-fold) 0.600, 0.662, 0.727 (best after 4 × the steps); network"
    )


def test_likeness_is_drawn_and_told(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    one = known_likeness()
    drawn = likeness_chart({"contrast": one}, "simulated data, vgg features").to_dict()
    assert "correlation 1.000" in drawn["description"]
    assert str(drawn).count("'one part of P'") == 5 + 3  # a point each, and a scale in every layer
    strips = nearness_chart(one, "simulated data, vgg features").to_dict()
    assert "to training slices of Q 0.561; to training slices of P 0.551" in strips["description"]
    assert "more similar to training slices of Q than to those of P, by 0.010" in " ".join(strips["title"])
    told = likeness_table({"vgg": {"contrast": one}}, "A caption").cells[0]
    assert [cell[:5] for cell in told[2:]] == ["1.000", "0.010", "0.030", "0.060"]


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.47, 0.99), "rises with similarity to Q (r = +0.90 [0.47, 0.99])"),
        ((-0.99, -0.47), "falls with similarity to Q (r = −0.90 [−0.99, −0.47])"),
        ((-0.2, 0.99), "has no clear link to similarity to Q (r = +0.90 [−0.20, 0.99])"),
    ],
)
def test_a_correlation_is_told_with_its_own_sign_and_ends(ends, said):
    r = Interval(0.9 if ends[1] > 0 else -0.9, *ends, 7)
    one = SimpleNamespace(correlation=lambda: r, nearer=lambda: r, diversity=lambda: (r, r))
    [line] = likeness_in_words({"anatomy": one})
    assert said in line
