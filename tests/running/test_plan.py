"""What a run costs before it is started, and its parts: counted operations, shares of slices, parts by name."""

import json
from pathlib import Path

import pytest

from mrilib.cli import main
from mrilib.data.catalogue import distribution
from mrilib.running import cost
from mrilib.running.cost import PEAK, UTILISATION, as_measured, on_gpu, operations, operations_of
from mrilib.running.jobs import plan
from mrilib.running.workload import compute, workload
from mrilib.store.project import UserError, find_notebook, find_root
from mrilib.train.networks import NetworkSpec
from mrilib.train.recipe import Recipe

ROOT = find_root(Path(__file__).parent)
TINY = {"train_slices": "4", "epochs": "2", "chans": "4", "test_slices": "5", "ttt_iterations": "3"}
UNET = {"name": "unet", "chans": 64, "num_pool_layers": 4}


@pytest.fixture(scope="module")
def job():
    return plan(find_notebook("04", ROOT), ROOT, "smoke", TINY)


def test_a_convolution_is_counted_by_hand():
    """One level of width 2 on 8 × 8 and 4 × 4: additions and multiplications, without the gradient of the input."""
    convolutions = [(2, 2, 64), (2, 2, 64), (2, 4, 16), (4, 4, 16), (4, 2, 64), (2, 2, 64)]
    forward = sum(2 * 9 * before * after * pixels for before, after, pixels in convolutions)
    forward += 2 * 4 * 4 * 2 * 16 + 2 * 2 * 2 * 64  # transposed 2 × 2 convolution, last 1 × 1
    first = 2 * 9 * 2 * 2 * 64
    found = operations_of({"name": "unet", "chans": 2, "num_pool_layers": 1}, (1, 8, 8))
    assert found == 3 * forward - first


def test_the_share_of_the_peak_is_that_of_paper_b():
    step = operations_of({"name": "norm_unet", "chans": 128, "num_pool_layers": 4}, (15, 320, 320))
    assert step * 413_011 * 24 / (384 * 3600 * PEAK["a6000"]) == pytest.approx(UTILISATION, abs=0.005)


def test_a_network_that_decides_by_values_is_counted_on_a_part_of_the_slice():
    varnet = {"name": "e2e_varnet", "num_cascades": 1, "chans": 2, "sens_chans": 2, "num_pool_layers": 2}
    small, large = (operations_of(varnet, (2, size, size)) for size in (64, 128))
    assert large == pytest.approx(4 * small, rel=0.02)


def test_seconds_follow_from_the_rate(tmp_path):
    spec = NetworkSpec("knee_pd", 4, Recipe(), UNET)
    assert on_gpu("a100")(spec) == pytest.approx(operations(spec) / (156e12 * UTILISATION))
    one = {"operations": 4e12, "training_step_ms": 2000.0}
    file = tmp_path / "gpu.json"
    file.write_text(json.dumps({"measures": {"unet float32": one, "varnet float32": one}}))
    assert as_measured(file)(spec) == pytest.approx(operations(spec) / 2e12)


def test_the_committed_measures_are_read():
    file = ROOT / "benchmarks" / "results" / "gpu_toy.json"
    one = json.loads(file.read_text())["measures"]["unet float32"]
    spec = NetworkSpec("knee_pd", 4, Recipe(), UNET)
    expected = operations(spec) / one["operations"] * one["training_step_ms"] / 1e3
    assert as_measured(file)(spec) == pytest.approx(expected)


def test_files_of_unknown_size_count_as_large_as_fastmris():
    knees = NetworkSpec("fm_knee_pd_aera", 4, Recipe(), UNET, source="files")
    assert operations(knees) == operations_of(UNET, (distribution("fm_knee_pd_aera").scan.coils, 640, 372))


@pytest.mark.parametrize("content", ["{", "[]", '{"measures": {}}', '{"measures": {"unet float32": 3}}'])
def test_a_file_without_steps_is_refused(tmp_path, content):
    (tmp_path / "gpu.json").write_text(content)
    with pytest.raises(UserError, match=r"--steps .*gpu\.json: expected the file that benchmarks/gpu\.py writes"):
        as_measured(tmp_path / "gpu.json")


def test_a_gpu_of_another_name_is_refused():
    with pytest.raises(UserError, match="--gpu a60: expected one of a6000, a100, h100"):
        on_gpu("a60")


@pytest.mark.parametrize("shards", [1, 2, 5, 9])
def test_parts_hold_every_training_and_every_slice_once(job, shards):
    parts = workload(job, lambda spec: 0.5, shards)
    trainings = [part for part in parts if part.kind == "train"]
    assert len({part.name for part in parts}) == len(parts)
    assert [part.steps for part in trainings] == [4 * 2] * 4
    adapted = [part for part in parts if part.kind == "ttt"]
    assert len(adapted) == min(shards, 5)
    assert sum(part.steps for part in adapted) == 3 * 5 * 3  # networks, slices, iterations
    assert all(part.seconds == 0.5 * part.steps for part in parts)


def test_a_part_is_computed_by_name_and_says_when_it_is_done(job, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    monkeypatch.chdir(ROOT)
    given = [word for name, value in TINY.items() for word in ("-p", name, value)]
    name = workload(job, lambda spec: 1.0)[-2].name
    done = tmp_path / "parts" / "one.json"
    assert main(["part", "04", "--profile", "smoke", *given, "--name", name, "--done", str(done)]) == 0
    written = json.loads(done.read_text())
    assert written["part"] == name
    assert Path(written["weights"]).is_relative_to(tmp_path)
    assert compute(job, name, "cpu")["weights"] == written["weights"]
    with pytest.raises(UserError, match="no part 'train-unet'"):
        compute(job, "train-unet", "cpu")


@pytest.mark.parametrize("name", ["ttt", "ttt-x-of-2", "ttt-2-of-2", "train-", "", "ttt-0-of-0"])
def test_another_name_is_no_part(job, name):
    with pytest.raises(UserError, match="no part"):
        compute(job, name, "cpu")


def test_a_notebook_whose_slices_are_not_divided_has_its_hours_inside():
    given = {"train_slices": "24", "test_slices": "5", "ttt_iterations": "3"}
    found = workload(plan(find_notebook("08", ROOT), ROOT, "smoke", given), lambda spec: 0.5, 4)
    [inside] = [part for part in found if part.kind == "inside"]
    assert inside.steps == 3 * 5 * 3


def test_the_plan_of_all_notebooks_counts_each_that_trains(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(cost, "_counted", lambda architecture, shape: 1e9)  # what is counted has tests of its own
    assert main(["plan", "--profile", "gpu", "--gpu", "h100"]) == 0
    printed = capsys.readouterr().out
    assert {"04_test_time_training", "15_a_diverse_collection", "20_ttt_for_any_network"} <= set(printed.split())
    assert "06_provable_adaptation" not in printed


def test_hours_of_the_paper_are_counted_without_its_files_and_its_parts_are_refused(tmp_path, monkeypatch, capsys):
    """100 brain slices, three networks of 2,500 iterations each, at 17% of an H100's peak."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("MRILIB_DATA", raising=False)
    assert main(["plan", "04", "--profile", "paper", "--gpu", "h100", "--gpus", "8"]) == 0
    [row] = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("04_")]
    step = operations_of(UNET, (15, 768, 396)) / (PEAK["h100"] * UTILISATION)
    assert float(row[3]) == pytest.approx(100 * 3 * 2500 * step / 3600, abs=0.05)
    file = tmp_path / "plan.json"
    assert main(["plan", "04", "--profile", "paper", "--gpu", "h100", "--parts", str(file)]) == 2
    captured = capsys.readouterr()
    assert "04_test_time_training" in captured.out  # the hours are there all the same
    [line] = captured.err.splitlines()
    assert f"--parts {file}: MRILIB_DATA is not set" in line
    assert not file.exists()


def test_parts_leave_out_networks_that_are_there_already(tmp_path, monkeypatch):
    """The quick profile's networks are shipped; with another number of epochs they are not."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    file = tmp_path / "plan.json"
    for given, kinds in (([], ["ttt"] * 8), (["-p", "epochs", "1"], ["train"] * 4 + ["ttt"] * 8)):
        assert main(["plan", "04", "--gpu", "a6000", *given, "--parts", str(file)]) == 0
        [book] = json.loads(file.read_text())["notebooks"].values()
        assert [part["kind"] for part in book["parts"]] == kinds


def test_a_profile_smoke_that_a_notebook_has_not_is_its_quick_one(tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    file = tmp_path / "plan.json"
    assert main(["plan", "15", "--profile", "smoke", "--gpu", "a6000", "--parts", str(file)]) == 0
    [book] = json.loads(file.read_text())["notebooks"].values()
    assert book["run"]["profile"] == "quick"
    assert Path(book["folder"]).name == "quick"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plan", "04", "--gpus", "0"], "--gpus: expected a number from 1 to 10,000, got 0"),
        (["plan", "04", "--gpu", "a100", "--steps", "x"], "--gpu and --steps: give only one of them"),
        (["plan", "16", "--gpu", "a100", "--parts", "/dev/null/x"], "--parts /dev/null/x: Not a directory"),
        (["part", "04", "--name", "x", "--done", "y", "--device", "cpu:7"], "--device: expected auto, cpu"),
        (["part", "06", "--name", "x", "--done", "y"], "no part 'x'"),
    ],
)
def test_what_cannot_be_planned_is_one_line(monkeypatch, capsys, words, said):
    monkeypatch.chdir(ROOT)
    assert main(words) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert said in line


def test_the_command_prints_hours_and_adds_parts(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    file = tmp_path / "plan.json"
    assert main(["plan", "04", "--gpu", "a6000", "--gpus", "2", "--parts", str(file)]) == 0
    assert main(["plan", "16", "--gpu", "a6000", "--parts", str(file)]) == 0
    assert list(json.loads(file.read_text())["notebooks"]) == ["04_test_time_training", "16_wavelets_need_tuning"]
    assert "estimated for 2 x a6000 at 17% of its TF32 peak" in capsys.readouterr().out
