"""Numbers of notebook 20 from made-up runs: gaps, regrets, falls, hold-outs, and iterations to most of the gain."""

import math
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from records import record
from tiny_slices import tiny_model, tiny_sample
from widget_parts import parts

from mrilib.beyond.ttt_for_any_network import charts, experiment, pictures, report
from mrilib.beyond.ttt_for_any_network.experiment import (
    ALONE,
    ALONG,
    FREE,
    PUBLISHED,
    Arm,
    Shifted,
    as_published,
    as_row,
    falls,
    first_rows,
    iterations_to,
    most_of_the_gain,
    oracle,
    regret,
    seed_rows,
    spread,
    times_sooner,
)
from mrilib.beyond.ttt_for_any_network.explorer import explore_phase
from mrilib.beyond.ttt_for_any_network.pictures import compared, images_at
from mrilib.gap import performance_gap
from mrilib.paper_a.early_stopping_and_ablation.film import film
from mrilib.paper_a.published import TABLE_2
from mrilib.store.project import find_notebook, find_root
from mrilib.train.adaptation import adapt
from mrilib.ttt import FREE_PHASE, Settings

RISING = {  # two slices, scored every second iteration
    "before": [0.5, 0.6],
    "ssim": [0.9, 0.8],
    "iterations": [0, 2, 4, 6],
    "curves": [[0.5, 0.7, 0.9, 0.85], [0.6, 0.55, 0.75, 0.81]],
    "chosen": [4, 5],
    "stopped": [6, 5],
    "seconds": [1.0, 1.0],
}
SLOW = RISING | {"iterations": [0, 20, 40, 60], "ssim": [0.9, 0.81]}
FAST = RISING | {"ssim": [0.9, 0.81]}


@pytest.fixture(scope="module")
def p():
    return record("20")


def test_the_cells_defaults_are_those_of_the_command(p):
    assert p.settings["free"].card | {"run_on": False} == FREE_PHASE.card


def test_the_best_and_the_published_choice():
    assert oracle(RISING) == [0.9, 0.81]
    assert as_published(RISING) == [0.85, 0.75], "the last image scored before the stop"
    assert falls(RISING) == pytest.approx([0.0, 0.05])
    assert regret([RISING], "lowest self-validation error").value == pytest.approx(0.005)
    assert regret([RISING], "published rule").value == pytest.approx((0.05 + 0.06) / 2)


def test_iterations_to_most_of_the_gain():
    assert iterations_to(FAST, most_of_the_gain(FAST)) == [4, 6]
    assert math.isnan(most_of_the_gain(RISING | {"ssim": [0.4, 0.8]})[0]), "no gain"
    assert math.isnan(iterations_to(FAST, [0.99, 0.5])[0]), "never"
    assert times_sooner(iterations_to(SLOW, [0.88, 0.8]), iterations_to(FAST, [0.88, 0.8])).value == pytest.approx(10)
    assert times_sooner([8.0, 8.0, math.nan], [2.0, 2.0, 1.0]).value == pytest.approx(4)
    assert times_sooner([8.0, math.nan], [math.nan, 2.0]) is None


def test_hold_outs_spread_by_their_standard_deviation():
    rows = [RISING, RISING | {"ssim": [0.94, 0.8]}]
    assert spread(rows) == pytest.approx(np.std([0.9, 0.94], ddof=1) / 2)
    assert spread(rows[:1]) == 0


def shifted(shift="anatomy", free_gain=0.35):
    """Paper A's networks and a free phase, on four slices."""
    base = np.array([0.5, 0.52, 0.49, 0.51])

    def row(before, after):
        curve = [list(pair) for pair in zip(before, after, strict=True)]
        parts = {"before": list(before), "ssim": list(after), "iterations": [0, 2], "curves": curve}
        return parts | {"chosen": [2] * 4, "stopped": [2] * 4, "seconds": [1.0] * 4}

    rows = {arm: row(base, base + (0.4 if arm.side == "Q" else free_gain)) for arm in (*PUBLISHED, *FREE)}
    rows |= {arm: row(base, base + 0.32) for arm in ALONE}
    published = {"supervised on Q": list(base + 0.4), "supervised on P": list(base)}
    published |= {"joint on Q + TTT": list(base + 0.4), "joint on P + TTT": list(base + 0.3)}
    published |= {"supervised on P + TTT": list(base + 0.2)}
    seeds = {arm: [rows[arm], rows[arm]] for arm in FREE if arm.side == "P"}
    return Shifted(shift, rows, seeds, published)


def test_the_fraction_closed_of_each_method():
    found = shifted()
    assert found.before.value == pytest.approx(0.4)
    assert found.closed("joint", "network").interval.value == pytest.approx(0.75)
    assert found.closed("supervised", "free").interval.value == pytest.approx(1 - 0.05 / 0.4)
    assert found.lead("supervised").value == pytest.approx(0.15)


def test_every_table_has_a_line_for_each_shift_or_network():
    found = {shift: shifted(shift) for shift in ALONG}
    assert [row[0] for row in report.scores_table(found, "").cells] == list(ALONG)
    assert report.closed_table(found, "").cells[0][2].startswith("75.0%")
    assert len(report.stopping_table(found, "").cells) == 4
    lines = [row[0] for row in report.sooner_table(found["anatomy"], "").cells]
    assert lines[0] == "supervised on P, 95 % of its own gain"
    assert len(lines) == 4


def test_what_the_free_phase_adds_is_told_apart_from_the_other_changes():
    cells = report.parts_table({"anatomy": shifted()}, "").cells
    assert [cell[0] for cell in cells] == ["anatomy: supervised", "anatomy: joint"]
    supervised, joint = (" ".join(cell[1:]).replace("\N{NO-BREAK SPACE}", " ") for cell in cells)
    assert supervised.startswith("0.705 0.120 [")
    assert joint.startswith("0.805 0.020 [")
    assert "0.030 [" in supervised
    assert "0.030 [" in joint


def test_seconds_follow_iterations_and_the_time_of_each(monkeypatch):
    kept = {}
    monkeypatch.setattr(report, "record_interval", kept.__setitem__)
    found = shifted()
    slow = {
        **found.rows[charts.PAPER_ARM],
        "iterations": [0, 8],
        "ssim": [one + 0.2 for one in found.published["supervised on P"]],
    }
    slow["curves"] = [[start, start + 0.2] for start, _ in slow["curves"]]
    told = report.seconds_in_words(
        replace(found, rows={**found.rows, charts.PAPER_ARM: slow}), {"network": 0.06, "free": 0.03}
    )
    assert told[:2] == ["**Iteration, paper A:** 60 ms", "**Iteration, free phase:** 30 ms"]
    assert kept["times_sooner_in_seconds_supervised"].value == pytest.approx(8), "4 times fewer, each half as long"
    assert "reached 8.0" in told[2]


def test_the_answer_at_the_head_of_the_notebook_holds_for_the_stored_rows(p):
    head = nbformat.read(find_notebook("20", find_root(Path(__file__).parent)), 4).cells[0].source
    assert "then helps under all five shifts of paper A" in head
    found = experiment.tested(p)
    assert len(found) == 5
    for here in found.values():
        gain = performance_gap(here.after("supervised", "P", "free"), here.published["supervised on P"])
        assert gain.low > 0, here.shift


def test_a_shift_without_a_gap_has_no_fraction():
    found = shifted()
    found = Shifted("dataset", found.rows, found.seeds, found.published | {"supervised on Q": [0.5, 0.52, 0.49, 0.51]})
    assert report.closed_table({"dataset": found}, "").cells[0][2].startswith("undefined")


def falling():
    """Paper A's method takes the supervised network apart first."""
    found = shifted()
    low = [[start, 0.1, end] for start, end in found.rows[charts.PAPER_ARM]["curves"]]
    return replace(found, rows={**found.rows, charts.PAPER_ARM: row_of(found, low)})


def row_of(found, curves):
    return found.rows[charts.PAPER_ARM] | {"iterations": [0, 1, 2], "curves": curves}


def test_curves_are_named_at_their_ends_and_the_title_tells_the_fall():
    spec = charts.curves_chart(falling(), "simulated data").to_dict()
    words = "With paper A's TTT, SSIM first falls; with a free phase, it rises from the start"
    assert " ".join(spec["title"]) == f"{words} (simulated data)"
    drawn = str(spec)
    for name in ("paper A's method: 0.85", "without TTT: 0.51", "down to 0.10 at iteration 1"):
        assert name in drawn
    assert "legend': None" in drawn
    assert "lowest 0.100 at 1" in spec["description"]
    assert charts.JOINT_ARM.name not in spec["description"], "it has a chart of its own"


def test_a_shorter_curve_is_named_above_its_end():
    found = shifted()
    longer = row_of(found, [[*curve, 0.8] for curve in found.rows[charts.PAPER_ARM]["curves"]])
    longer |= {"iterations": [0, 2, 4]}
    given = replace(found, rows={**found.rows, charts.PAPER_ARM: longer})
    assert "free phase: 0.85 after 2 iterations" in str(charts.curves_chart(given, "simulated data").to_dict())


def test_the_joint_network_is_compared_with_the_supervised_one_under_paper_as_method():
    spec = charts.joint_chart(falling(), "simulated data").to_dict()
    assert " ".join(spec["title"]) == (
        "With paper A's TTT, SSIM of the joint network rises from the start; that of the supervised network "
        "first falls (simulated data)"
    )


def test_a_run_that_never_falls_has_no_lowest_point():
    assert charts.message(shifted()).startswith("With paper A's TTT, SSIM rises from the start; ")
    assert "at iteration 0'" not in str(charts.curves_chart(shifted(), "simulated data").to_dict())


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ((0.7, 0.1, 0.8, 0.9), "Paper A's TTT first destroys the image; TTT with a free phase ends with a higher SSIM"),
        (
            (0.7, 0.6, 0.8, 0.8),
            "Paper A's TTT first degrades the image; TTT with a free phase ends with no higher SSIM",
        ),
        ((0.7, 0.7, 0.8, 0.9), "Paper A's TTT does not degrade the image at first; TTT with a free phase ends with a"),
    ],
)
def test_the_message_of_the_images_follows_their_scores(scores, told):
    given = zip(
        ("no TTT", "paper A, iteration 12", "paper A, final image", "free phase, final image"), scores, strict=True
    )
    assert pictures.Compared({}, dict(given), {}).message.startswith(told)


def test_shifts_go_from_paper_as_method_to_a_free_phase():
    found = {shift: shifted(shift) for shift in ALONG} | {"modality": shifted("modality", free_gain=0.1)}
    spec = charts.shifts_chart(found, "supervised", "simulated data").to_dict()
    title = "is better than paper A's method under 2 of 3 shifts and worse under 1, and better than no TTT under 3"
    assert title in " ".join(spec["title"])
    bars = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "rule")["data"]["values"]
    assert [(bar["name"], round(bar["start"], 3), round(bar["to"], 3)) for bar in bars[:1]] == [
        ("knee → brain", 0.705, 0.855)
    ]
    assert {*charts.SHIFTS} == {*TABLE_2["unet"]}
    everywhere = charts.shifts_chart({shift: shifted(shift) for shift in ALONG}, "supervised", "simulated data")
    assert "is better than both paper A's method and no TTT under every shift" in " ".join(
        everywhere.to_dict()["title"]
    )


def test_what_was_seen_is_told_in_three_sentences():
    found = {shift: shifted(shift) for shift in ALONG}
    told = report.in_words(found)
    assert len(told) == 3
    assert "from 0.505 to 0.855" in told[0]
    assert "is +0.050 [" in told[0], "ahead of the joint network"
    assert "under 2 of 2 shifts" in told[1]
    assert told[2].endswith("under no shift.")
    harmed = report.in_words({"anatomy": shifted(free_gain=-0.1)})
    assert harmed[2].endswith("under the anatomy shift (−0.100 [−0.100, −0.100]).")


def test_the_stop_is_told_where_it_loses_most():
    found = {"anatomy": replace(shifted(), seeds={FREE[0]: [RISING], FREE[2]: [RISING | {"ssim": [0.9, 0.81]}]})}
    lost, fall = report.stop_in_words(found)
    assert lost.startswith(
        "**Self-validation loses most under the anatomy shift (joint on P + TTT, free phase):** 0.005"
    )
    assert "is 0.050" in fall
    assert report.sooner_in_words(shifted(free_gain=-0.1))[0].endswith(f"{report.NEVER}.")


def test_the_slice_is_shown_before_early_and_after_both_methods():
    sample, model = tiny_sample(), tiny_model()
    live = {name: Settings(1e-3, 4, 4, phase=name) for name in ("network", "free")}
    found = compared(model, sample, live, "cpu")
    assert list(found.images) == ["no TTT", "paper A, iteration 3", "paper A, final image", "free phase, final image"]
    assert found.scores.keys() == found.images.keys()
    assert found.seconds.keys() == live.keys()


def test_iterations_that_no_slice_reaches_are_said_in_words():
    found = shifted(free_gain=-0.1)  # no slice gains anything with a free phase, so none has 95 % of its gain
    cells = report.sooner_table(found, "").cells
    assert list(cells[0][1:]) == ["not reached on these slices"] * 3
    assert "95 % of its own gain not reached on these slices" in report.keep_results({"anatomy": found})[-4]


def test_rows_are_stored_for_every_arm_and_hold_out(p):
    first, again = first_rows(p), seed_rows(p)
    assert set(first) == {*PUBLISHED, *FREE, *ALONE}
    assert {len(rows) for rows in again.values()} == {p.holdout_seeds}
    keys = [row.key for rows in again.values() for row in rows]
    assert len({str(key) for key in keys}) == len(keys)
    assert first[Arm("joint", "P", "free")].key["ttt"]["phase"] == "free"
    assert "phase" not in first[PUBLISHED[0]].key["ttt"]
    alone = first[Arm("joint", "P", "alone")].key["ttt"]
    assert alone["learning_rate"] == pytest.approx(2 * p.free_learning_rate / 3)
    assert not {"noise_floor", "tuned", "balance"} & alone.keys()


def test_a_row_holds_what_a_run_gave():
    sample, model = tiny_sample(), tiny_model()
    settings = Settings(1e-3, 4, 1, phase="free", run_on=True)
    adapted = adapt(model, [sample], settings, score_at=range(0, 4, 2))
    row = as_row(adapted, [0.5])
    assert (row["iterations"], row["before"]) == ([0, 2], [0.5])
    assert row["ssim"] == [round(adapted[0].ssim, 5)]
    assert len(row["curves"][0]) == 2


def test_images_along_a_run_begin_with_the_networks_magnitude():
    sample, model = tiny_sample(), tiny_model()
    seen = images_at(model, sample, Settings(1e-3, 4, 4, phase="free"), [0, 3])
    with torch.no_grad():
        before = model(sample.masked_kspace, sample.operator)
    assert not torch.allclose(seen[3].abs(), seen[0].abs(), rtol=1e-4)
    assert seen[0].shape == before.shape


def test_iterations_named_twice_or_beyond_the_end_are_no_images_of_their_own():
    seen = images_at(tiny_model(), tiny_sample(), Settings(1e-3, 3, 3), [2, 0, 0, 9])
    assert list(seen) == [0, 2]


def test_the_explorer_shows_the_chosen_run_and_iteration():
    sample, model = tiny_sample(), tiny_model()
    films = {name: film(model, sample, Settings(1e-3, 4, 4, phase=name)) for name in ("free", "network")}
    method, iteration, view, *_ = parts(explore_phase(films))
    assert view.value.startswith("<p>free, iteration 3: SSIM")
    iteration.value = 1
    method.value = "network"
    assert view.value.startswith("<p>network, iteration 1: SSIM")
    with pytest.raises(ValueError, match="films: expected films of one length"):
        explore_phase({"a": films["free"], "b": film(model, sample, Settings(1e-3, 2, 4))})
