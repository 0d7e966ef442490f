"""Numbers of docs/results.md that scripts in benchmarks measured are those that the scripts have stored."""

import json
from pathlib import Path
from statistics import fmean

import pytest

from mrilib.gap import mean_interval

ROOT = Path(__file__).parents[2]
PAGE = " ".join((ROOT / "docs" / "results.md").read_text(encoding="utf-8").split())


def stored(name):
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text(encoding="utf-8"))


def test_every_run_on_the_real_brain_gains_what_the_page_says():
    runs = stored("contrasts")["runs"]
    assert len({(run["network"], run["contrast"], run["seed"]) for run in runs}) == len(runs)
    gain = min(run["after"] - run["before"] for run in runs)
    fall = max(run["before"] - run["lowest"] for run in runs)
    assert f"in each of {len(runs)} runs" in PAGE
    assert f"The smallest gain is {gain:.3f}." in PAGE
    assert f"SSIM falls at most {fall:.3f} below" in PAGE


@pytest.mark.parametrize("loss", ["supervised", "joint"])
def test_the_mean_over_contrasts_is_that_of_the_runs(loss):
    by_contrast = {}
    for run in stored("contrasts")["runs"]:
        if loss in run["network"]:
            by_contrast.setdefault(run["contrast"], []).append(run["after"])
    assert f"{mean_interval([fmean(each) for each in by_contrast.values()])} for the {loss}" in PAGE


@pytest.mark.parametrize("loss", ["supervised", "joint"])
@pytest.mark.parametrize("gain", ["of its own gain", "of paper A's gain"])
@pytest.mark.parametrize("reached", ["first", "to stay"])
def test_how_much_sooner_is_that_of_the_stored_measure(loss, gain, reached):
    found = stored("free_phase")["times sooner to 95 %"][loss][gain][reached]
    assert f"{found['value']:.1f} [{found['low']:.1f}, {found['high']:.1f}]" in PAGE


@pytest.mark.parametrize("loss", ["supervised", "joint"])
@pytest.mark.parametrize("reached", ["first", "to stay"])
def test_on_further_slices_it_is_at_least_four_times_sooner(loss, reached):
    found = stored("free_phase_from_24")["times sooner to 95 %"][loss]["of paper A's gain"][reached]
    assert f"{found['value']:.1f} [{found['low']:.1f}, {found['high']:.1f}]" in PAGE
    assert found["low"] >= 4


def test_the_gap_of_the_dataset_shift_is_told_without_each_difference():
    found = stored("dataset_shift")
    assert f"in one training run ({found['slices']} slices" in PAGE
    for what, gap in found["removed"].items():
        words = f"{gap['value']:.3f} [{gap['low']:.3f}, {gap['high']:.3f}]"
        assert (f"the gap is {words}" if what == "nothing" else f"{words} (") in PAGE
