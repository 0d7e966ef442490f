"""Several trainings: means and intervals are over trainings and slices, in five measures, of as many as are stored."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from records import record
from tiny_slices import tiny_model, tiny_sample

from mrilib.gap import performance_gap
from mrilib.paper_a import trainings
from mrilib.paper_a.schemes import TUNED
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.table_2 import blocks, keep, live, overview
from mrilib.paper_a.test_time_training.measures import Measured, measured
from mrilib.paper_a.test_time_training.report import findings
from mrilib.paper_a.test_time_training.tables import TRAINED
from mrilib.paper_a.test_time_training.tables import rows as rows_of
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.train.adaptation import adapt
from mrilib.train.quality import QUALITY, slice_quality
from mrilib.ttt import Settings

P = record("04")
LEVELS = {"supervised on Q": 0.90, "supervised on P": 0.70, "joint on Q": 0.88, "joint on P": 0.69}
LEVELS |= {"joint on Q + TTT": 0.91, "joint on P + TTT": 0.89, "supervised on P + TTT": 0.75}
OF_SEED = {1: 0.0, 0: 0.0, 2: -0.03, 3: -0.015}  # what a seed adds to the supervised network of P


@pytest.fixture(autouse=True)
def own_folders(monkeypatch, tmp_path, unshipped_trainings):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("MRILIB_RUN_DIR", str(tmp_path / "run"))


def row(added):
    """A training whose slices differ alike under every scheme."""
    wobble = np.random.default_rng(0).normal(0, 0.01, trainings.SLICES)
    levels = LEVELS | {"supervised on P": LEVELS["supervised on P"] + added}
    measures = {one: {scheme: [level + w for w in wobble] for scheme, level in levels.items()} for one in QUALITY}
    quality = {scheme: {one: measures[one][scheme] for one in QUALITY} for scheme in levels}
    steps = {"joint on P": [100] * trainings.SLICES, "joint on Q": [40] * trainings.SLICES}
    return {"quality": quality, "steps": steps}


def reported(**changes):
    """The report of notebook 04 where one slice of this run is at hand."""
    net, sample = tiny_model(0), tiny_sample(0)
    after = SimpleNamespace(record=SimpleNamespace(image=sample.reference))
    networks = {name: net for name in LEVELS if "TTT" not in name}
    adapted = {name: [after] for name in TUNED}
    return measured(replace(P, **changes).experiment, replace(P, **changes).settings, networks, adapted, [sample])


def train(seeds, shift="anatomy"):
    """Store rows as if these seeds had been trained on this machine."""
    experiment = replace(P, shift=shift).experiment
    for stored, seed in zip(trainings.rows(experiment, P.settings), trainings.SEEDS, strict=True):
        if seed in seeds:
            stored.table.keep(stored.key, row(OF_SEED[seed]), 1.0)


def of_run(shift="anatomy", **changes):
    """This run's block and the others, as notebook 04 asks for them; 12 slices of one training."""
    scores = {name: [level] * 11 + [level + 0.01] for name, level in LEVELS.items()}
    scores["joint on P + TTT, no early stopping"] = scores["joint on P"]
    given = replace(P, shift=shift, **changes)
    result = ShiftResult(given.model, shift, given.source, scores)
    ran = [SimpleNamespace(seconds=2.0, record=SimpleNamespace(stopped_at=stop)) for stop in (9, 10, 11)]
    adapted = {f"joint on {side}": ran for side in "PQ"}
    keep(given.experiment, given.settings, scores, adapted, 12)
    return blocks(live(result, adapted), given.experiment, given.settings)


def block(found, name="unet_anatomy"):
    return next(one for one in found if one.name == name)


def test_the_block_is_of_all_trainings_and_slices(tmp_path):
    train((1, 2, 3))
    own = block(of_run())
    own.record()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    before = results["gap_before_unet_anatomy"]
    assert (before["n"], before["trainings"]) == (24, 3)
    assert before["value"] == pytest.approx(0.215), "the mean of .200, .230 and .215"
    wanted = performance_gap(own.result.scores["supervised on Q"], own.result.scores["supervised on P"])
    assert (before["low"], before["high"]) == (wanted.low, wanted.high)
    assert before["low"] < 0.200 < 0.230 < before["high"], "another training may be farther off than these three"
    assert results["fraction_closed_unet_anatomy"]["value"] == pytest.approx(1 - 0.02 / 0.215)
    assert results["fraction_reached_unet_anatomy"]["value"] == pytest.approx(0.205 / 0.215)
    assert results["lead_over_supervised_ttt_unet_anatomy"]["value"] == pytest.approx(0.14)
    assert results["time_ratio_p_to_q"]["value"] == pytest.approx(2.5)
    assert results["ssim_joint_p_ttt_last_unet_anatomy"]["n"] == 12, "what the trainings lack stays this run's"
    assert "3 × 24" in repr(overview([own], "simulated"))


def test_early_stopping_is_judged_on_the_training_that_ran_on():
    """The stored trainings end at their stop: what running on costs is a difference of the one training's slices."""
    train((1, 2, 3))
    found = block(of_run())
    gain = found.result.gain_of_early_stopping
    assert (gain.value, gain.n, gain.trainings) == (pytest.approx(0.20), 12, 1)
    assert f"{LEVELS['joint on P + TTT'] + 0.01 / 12:.3f} with early stopping" in findings([found], "simulated").data


def test_one_training_is_no_several():
    train((1,))
    assert block(of_run()).origin == "this run"
    assert trainings.of_experiment(P.experiment, P.settings) is None


@pytest.mark.parametrize("changes", [{"ttt_iterations": 30}, {"epochs": 2}, {"holdout": 0.2}])
def test_trainings_with_other_parameters_are_no_answer(changes):
    train((1, 2))
    assert block(of_run(**changes)).origin == "this run"


@pytest.mark.parametrize("changes", [{"seed": 2}, {"workers": 1}, {"device": "cpu"}])
def test_trainings_are_of_every_seed(changes):
    train((1, 2))
    assert block(of_run(**changes)).result.before.trainings == 2


def test_trainings_under_another_shift_leave_the_time_to_this_run(tmp_path):
    train((1, 2), "modality")
    for one in of_run(shift="anatomy"):
        one.record()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["gap_before_unet_modality"]["trainings"] == 2
    assert results["time_ratio_p_to_q"]["value"] == pytest.approx(1)


def test_the_packages_trainings_stand_beside_a_run_with_other_parameters(monkeypatch, tmp_path, unshipped_trainings):
    """As the package's single blocks do; of this run's own block they are no answer."""
    train((1, 0), "modality")
    made = trainings.rows(replace(P, shift="modality").experiment, P.settings)[:2]
    unshipped_trainings(P.experiment).ship([one.key for one in made])
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "another"))
    beside = block(of_run("anatomy", window=1), "unet_modality")
    assert beside.result.before.trainings == 2
    assert beside.origin.startswith("stored with the package")
    assert block(of_run("modality", window=1), "unet_modality").origin == "this run"


def test_rows_are_made_in_the_order_of_the_seeds_with_their_own_hold_out(monkeypatch):
    assert trainings.SLICES == 24
    monkeypatch.setattr(trainings, "SLICES", 1)  # whose content is part of the key
    made = [one for one in rows_of(replace(P, test_slices=1)) if one.table.name == "trainings"]
    keys = [(one.key["shift"], one.key["ttt"]["seed"]) for one in made]
    assert keys == [(shift, seed) for shift in TRAINED["unet"] for seed in trainings.SEEDS]
    assert len({json.dumps(one.key) for one in made}) == 20
    assert {one.key["slices"] for one in made} == {1}
    assert not [one for one in rows_of(record("04", "varnet", test_slices=1)) if one.table.name == "trainings"]


def test_quality_is_of_each_slice_before_and_after():
    samples = [tiny_sample(patient) for patient in range(2)]
    net = tiny_model(0)
    image = samples[0].reference
    after = [SimpleNamespace(record=SimpleNamespace(image=image)) for _ in samples]
    found = trainings.quality({"joint on P": net}, {"joint on P": after}, samples)
    assert list(found) == ["joint on P", "joint on P + TTT"]
    assert found["joint on P + TTT"]["psnr"][1] == slice_quality(image, samples[1])["psnr"]


def test_a_row_has_every_scheme_and_stops_where_the_rule_says(monkeypatch):
    """No network runs on past its stop, as that of table 2 does: its image is the one at the stop all the same."""
    net, sample, settings = tiny_model(0), tiny_sample(0), Settings(1e-3, max_iterations=6, window=2)
    networks = {name: net for name in LEVELS if "TTT" not in name}
    monkeypatch.setattr(trainings, "networks_of", lambda *_: networks)
    made = trainings.compute(SimpleNamespace(test_slices=lambda count: [sample]), settings)
    assert made["quality"].keys() == LEVELS.keys()
    [plain], [after] = slice_ssim(reconstruct(net, sample), sample), adapt(net, [sample], settings)
    assert made["quality"]["joint on P"]["ssim"] == [pytest.approx(plain, abs=1e-6)]
    assert made["quality"]["joint on P + TTT"]["ssim"] == [pytest.approx(after.ssim, abs=1e-6)]
    assert made["steps"] == {name: [after.record.stopped_at + 1] for name in TUNED}


def test_what_a_check_compares_is_on_the_scale_of_a_score():
    found = trainings.comparable({"quality": {"a": {"ssim": [0.5], "psnr": [31.0]}}, "steps": {"a": [40]}})
    assert found == {"quality": {"a": {"ssim": [0.5], "psnr": [3.1]}}}


def test_the_report_is_of_all_trainings(tmp_path):
    train((1, 2, 3))
    found = reported()
    found.record()
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert results["gain_of_joint_ttt_psnr"]["value"] == pytest.approx(0.205)
    assert (results["gain_of_joint_ttt_psnr"]["n"], results["gain_of_joint_ttt_psnr"]["trainings"]) == (24, 3)
    assert results["fraction_reached_ssim_foreground"]["value"] == pytest.approx(0.205 / 0.215)
    layers = found.chart().to_dict()["layer"]
    points = [layer for layer in layers if "training" in str(layer.get("encoding"))]
    assert points == layers[:1], "behind the means"
    assert points[0]["mark"]["yOffset"] > 0, "and below them"
    [values] = [layer["data"]["values"] for layer in points]
    of_p = [one["value"] for one in values if one["method"] == "supervised on knees (P)"]
    np.testing.assert_allclose(sorted(of_p), [0.67, 0.685, 0.70], atol=0.01)
    named = {
        "supervised on knees (P)",
        "supervised on brains (Q)",
        "joint on knees (P) + TTT",
        "joint on brains (Q) + TTT",
    }
    assert {one["method"] for one in values} == named
    assert "3 training runs × 24 slices" in repr(found.table())


def test_the_report_is_of_this_run_where_fewer_are_stored():
    train((1,))
    assert reported().origin == "this run"
    assert reported().by("ssim").before.n == 1
    assert "no interval" in repr(reported().table())


def test_the_headline_is_said_by_measure():
    """Better where the gain is above 0, worse where it is below; of NMSE, where less is better, the other way round."""
    slices, noise = np.linspace(-0.01, 0.01, 12), 0.01 * np.array([1, -1] * 6)
    gains = {"ssim": 0.1, "ssim_unmatched": 0.0, "ssim_foreground": -0.1, "psnr": 4.0, "nmse": -0.05}
    after = {one: (0.5 + gain + (slices if gain else noise)).tolist() for one, gain in gains.items()}
    before = {one: (0.5 + (slices if gain else 0 * noise)).tolist() for one, gain in gains.items()}
    quality = {
        "supervised on P": before,
        "joint on P + TTT": after,
        "supervised on Q": after,
        "joint on Q + TTT": after,
    }
    said = Measured("unet", "anatomy", "simulated", quality, "this run").sentence()
    better, worse, unknown = said.split(" is ")[1].split("; ")
    assert better.startswith("better in *SSIM* (0.100 [0.100, 0.100]), *PSNR (dB)* (4.0 [4.0, 4.0]), *NMSE* (0.050")
    assert worse.startswith("worse in *SSIM, foreground* (−0.100")
    assert unknown.startswith("neither better nor worse in *SSIM, unmatched* (0.000 [−0.0")
