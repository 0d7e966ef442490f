"""Paper A's tables as far as they were run: this run's block is live, the others are stored, and both say so."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from records import record

from mrilib.paper_a.published import CLOSED, SCHEMES, TABLE_2, paper_a
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.table_2 import BLOCKS, blocks, identifier, keep, live, overview

P = record("04")
SCHEME_SCORES = {
    "supervised on Q": 0.90,
    "supervised on P": 0.70,
    "joint on Q + TTT": 0.91,
    "joint on P + TTT": 0.89,
    "supervised on P + TTT": 0.75,
}


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path, unshipped_trainings):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))


def tuned(seconds, stopped_at):
    """A slice whose rule stopped at an iteration counted from 0."""
    return SimpleNamespace(seconds=seconds, record=SimpleNamespace(stopped_at=stopped_at))


def found(shift="anatomy", slices=7, **changes):
    wobble = np.random.default_rng(0).normal(0, 0.01, slices)
    scores = {name: [mean + w for w in wobble] for name, mean in SCHEME_SCORES.items()}
    given = replace(P, shift=shift, test_slices=slices, **changes)
    result = ShiftResult(given.model, shift, given.source, scores)
    adapted = {f"joint on {side}": [tuned(s, stop) for s in (1.0, 2.0, 9.0)] for side, stop in {"P": 9, "Q": 4}.items()}
    keep(given.experiment, given.settings, scores, adapted, slices)
    return blocks(live(result, adapted), given.experiment, given.settings)


def test_the_runs_own_block_is_live_and_recorded(tmp_path):
    own = next(block for block in found() if block.origin == "this run")
    assert own.name == "unet_anatomy"
    own.record()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["gap_before_unet_anatomy"]["value"] == pytest.approx(0.2)
    assert results["gap_after_unet_anatomy"]["value"] == pytest.approx(0.02)
    assert results["fraction_closed_unet_anatomy"]["value"] == pytest.approx(0.9)
    assert results["ssim_supervised_p_ttt_unet_anatomy"]["value"] == pytest.approx(0.75, abs=0.02)
    assert results["fraction_reached_unet_anatomy"]["value"] == pytest.approx(0.95)
    assert results["lead_over_supervised_ttt_unet_anatomy"]["value"] == pytest.approx(0.14)
    assert results["seconds_p_unet_anatomy"] == {"value": 2.0, "low": 1.0, "high": 9.0, "n": 3}


def test_times_are_compared_up_to_the_stop(tmp_path):
    """TTT of the network of P runs on past its stop, and seconds may come from a cache: iterations say it."""
    stops = {"P": (8, 9, 10, 9), "Q": (4, 5, 4, 3)}
    adapted = {f"joint on {side}": [tuned(1.0, stop) for stop in stops[side]] for side in "PQ"}
    scores = {name: [mean] * 4 for name, mean in SCHEME_SCORES.items()}
    live(ShiftResult("unet", "anatomy", "simulated", scores), adapted).record()
    ratio = json.loads((tmp_path / "run" / "results.json").read_text())["time_ratio_p_to_q"]
    assert ratio["value"] == pytest.approx(2)


def test_an_undefined_fraction_is_recorded_with_its_reason(tmp_path):
    scores = {name: [mean, mean + 0.01] for name, mean in SCHEME_SCORES.items()}
    scores["supervised on Q"] = [0.69, 0.73]
    adapted = {f"joint on {side}": [tuned(1.0, 4), tuned(1.5, 4)] for side in "PQ"}
    live(ShiftResult("unet", "anatomy", "simulated", scores), adapted).record()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert "not distinguishable from a gap of 0" in results["fraction_closed_unet_anatomy"]


def test_a_block_that_was_run_before_is_shown_again():
    found("modality")
    again = {block.name: block.origin for block in found("anatomy")}
    assert again == {"unet_anatomy": "this run", "unet_modality": "computed on this machine"}
    assert {block.name for block in found("anatomy", slices=5)} == {"unet_anatomy"}, "of as many slices only"


@pytest.mark.parametrize("change", [{"window": 1}, {"ttt_iterations": 1}, {"epochs": 2}, {"seed": 1}, {"holdout": 0.2}])
def test_a_block_made_with_other_parameters_is_no_answer(change):
    found("modality", **change)
    assert {block.name for block in found("anatomy")} == {"unet_anatomy"}
    assert {block.name for block in found("anatomy", **change)} == {"unet_anatomy", "unet_modality"}


def test_the_packages_blocks_stand_where_this_machine_made_none():
    origins = {block.name: block.origin for block in found("anatomy", slices=12, window=1)}
    missing = {("varnet", "dataset")}  # not trained yet for the sagittal knees of this shift
    assert set(origins) == {f"{model}_{shift}" for model, shift in set(BLOCKS) - missing}
    assert origins.pop("unet_anatomy") == "this run"
    assert all("stored with the package" in origin for origin in origins.values())


def test_the_table_sets_the_paper_beside_ours():
    text = repr(overview(found(), "simulated"))
    assert "U-Net, anatomy" in text
    assert "98.6 %" in text
    assert "7 simulated test slices" in text


def test_keys_are_names():
    assert identifier("joint on P + TTT, no early stopping") == "joint_p_ttt_last"
    assert all(identifier(scheme).isidentifier() for scheme in SCHEMES)


@pytest.mark.parametrize("model", TABLE_2)
def test_what_the_paper_prints_is_consistent(model):
    """Each printed fraction is the one that its rows give, truncated or rounded to a tenth of a per cent."""
    for shift, printed in CLOSED[model].items():
        paper = paper_a(model, shift)
        closed = 100 * (1 - paper["gap after"] / paper["gap before"])
        assert abs(closed - float(printed.removesuffix(" %"))) < 0.1, shift
    assert paper_a("unet", "nonesuch") == {}
    assert "closed" not in paper_a("unet", "adversarially_filtered")
