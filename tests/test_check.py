"""`--check` finds what a run would need and says what is missing."""

import pytest

from mrilib.data.volumes import write_volume
from mrilib.experiment import Experiment
from mrilib.project import find_notebook, root_here
from mrilib.running.check import check, measured_step
from mrilib.running.jobs import plan

TINY = {
    "source": "simulated", "train_slices": 4, "epochs": 1, "batch_size": 1, "train_learning_rate": 1e-3,
    "schedule": "constant", "shuffle": False, "chans": 2, "num_pool_layers": 2, "residual": False,
    "pinv_iterations": 0, "supervised_target": "magnitude", "fidelity": "paper", "seed": 0, "model": "unet",
    "shift": "anatomy", "test_slices": 2, "ttt_iterations": 3,
}  # fmt: skip


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MRILIB_DATA", raising=False)


def test_a_simulated_run_is_ready_and_says_what_it_will_train():
    report = check("04_test_time_training", TINY)
    assert report.ready
    assert "weights: 0 of 4 there, 4 to train" in report.lines
    assert any("measured step" in line for line in report.lines)


def test_files_without_a_folder_are_missing():
    report = check("04_test_time_training", TINY | {"source": "files"})
    assert not report.ready
    assert any(line.startswith("MISSING") and "MRILIB_DATA, which is not set" in line for line in report.lines)


def test_files_are_counted_by_rule(monkeypatch, tmp_path, generator):
    import torch

    monkeypatch.setenv("MRILIB_DATA", str(tmp_path))
    kspace = torch.complex(*torch.randn(2, 3, 2, 8, 372, generator=generator))
    for n in range(2):
        path = tmp_path / "knee_multicoil_train" / f"file{n}.h5"
        write_volume(path, kspace, attributes={"acquisition": "CORPD_FBK"})
    report = check("04_test_time_training", TINY | {"source": "files"})
    assert any("data: 4 of 4 train slices of knee_pd" in line for line in report.lines)
    assert any(line.startswith("MISSING  data: 0 of 2 test slices of brain_axt2") for line in report.lines)


def test_the_paper_profile_is_the_papers_network():
    root = root_here()
    job = plan(find_notebook("04", root), root, "paper")
    spec = Experiment.from_parameters(job.effective).spec("joint", "P")
    from mrilib.models.build import build

    assert sum(p.numel() for p in build(spec.architecture).parameters()) == 31_024_386
    assert (spec.recipe.epochs, spec.recipe.learning_rate, spec.recipe.batch_size) == (300, 1e-5, 1)
    assert spec.train_slices == 376
    assert (job.effective["ttt_iterations"], job.effective["ttt_learning_rate"]) == (2500, 1e-5)


def test_a_step_takes_time():
    experiment = Experiment.from_parameters(TINY)
    assert measured_step(experiment.spec("joint", "P"), "cpu") > 0


def test_notebook_19_needs_its_data():
    assert not check("19_from_simulation_to_scanner", {"seed": 0}).ready
