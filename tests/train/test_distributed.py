"""Two processes that train together arrive where one does; one of them writes."""

import json
import os
import subprocess
import sys
from typing import ClassVar

import pytest
import torch
from tiny_project import PATIENCE
from tiny_slices import SUPPORT, seed_weights, tiny_sample, weights

from mrilib.models.build import build
from mrilib.train import training
from mrilib.train.distributed import Workers, join, workers
from mrilib.train.recipe import Recipe
from mrilib.train.training import fit

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
RECIPE = {"loss": "ssim", "epochs": 3, "learning_rate": 1e-3, "batch_size": 2, "clip_norm": 1.0}

SCENARIOS = (  # of processes that are started once, as each imports torch for seconds, and of those that go on
    {"plain": {}, "stopped": {"stop": 4}, "seeds": {"seeds": [0, 1]}, "apart": {"stop": 4, "apart": True}},
    {"stopped": {}, "apart": {"apart": True}},
)
TOGETHER = """
import json, os, signal, sys
from pathlib import Path
import torch
from tiny_slices import seed_weights, tiny_sample, weights
from mrilib.train.distributed import join, workers
from mrilib.models.build import build
from mrilib.train.training import Recipe, TrainingInterrupted, fit

torch.set_num_threads(1)
join("cpu")
model, recipe, scenarios = map(json.loads, sys.argv[1:])
slices = [tiny_sample(patient) for patient in range(5)]


def trained(folder, stop=None, seeds=(0, 0), apart=False):
    network, reported = seed_weights(build(model), seeds[workers().rank]), []
    place = folder / f"rank{workers().rank}" if apart else folder

    def progress(step, steps, loss):
        reported.append(step)
        if step == stop:
            os.kill(os.getpid(), signal.SIGTERM)

    try:
        losses = fit(network, slices, Recipe(**recipe), checkpoint=place / "one.checkpoint", progress=progress)
    except (TrainingInterrupted, ValueError) as stopped:
        losses = [str(stopped)]
    return {"losses": losses, "weights": weights(network).tolist(), "reported": len(reported), "size": workers().size}


for name, settings in scenarios.items():
    result = trained(Path(name), **settings)
    Path(name, f"rank{workers().rank}.json").write_text(json.dumps(result))
"""


def together(folder, scenarios):
    """What each of two processes says after training together, by scenario."""
    script = folder / "together.py"
    script.write_text(TOGETHER)
    for name in scenarios:
        (folder / name).mkdir(exist_ok=True)
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [*command, *map(json.dumps, (TINY, RECIPE, scenarios))],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True, text=True, timeout=PATIENCE * 180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return {
        name: [json.loads((folder / name / f"rank{rank}.json").read_text()) for rank in range(2)] for name in scenarios
    }


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Results of the processes that were started first, and of those that went on where these stopped."""
    folder = tmp_path_factory.mktemp("together")
    return [together(folder, scenarios) for scenarios in SCENARIOS]


@pytest.fixture(scope="module")
def alone():
    slices = [tiny_sample(patient) for patient in range(5)]
    model = seed_weights(build(TINY))
    return fit(model, slices, Recipe(**RECIPE)), weights(model)


def test_two_processes_give_the_weights_of_one(alone, pairs):
    first, second = pairs[0]["plain"]
    assert first["size"] == 2
    assert first["weights"] == second["weights"]
    assert first["losses"] == pytest.approx(alone[0], rel=1e-4)
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)
    assert (first["reported"], second["reported"]) == (9, 0)  # 5 slices in batches of 2, 2 and 1; three epochs


def test_a_signal_to_one_stops_all_and_they_go_on(alone, pairs):
    stopped = pairs[0]["stopped"]
    assert "stopped by signal 15 after 4 steps" in stopped[0]["losses"][0]
    assert "stopped by another process after 4 steps" in stopped[1]["losses"][0]
    first, second = pairs[1]["stopped"]
    assert first["reported"] == 5
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)


def test_processes_that_start_from_different_weights_take_those_of_the_first(alone, pairs):
    first, second = pairs[0]["seeds"]
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)


def test_a_checkpoint_that_only_one_process_finds_is_refused_by_all(pairs):
    for one in pairs[1]["apart"]:
        assert "not every process finds this checkpoint; put it on a disk that they share" in one["losses"][0]


def test_shares_are_the_whole_batch_and_nothing_twice():
    for size in (1, 2, 3):
        for batch in ([], [7], [1, 2, 3, 4]):
            shares = [Workers(rank, size).share(batch) for rank in range(size)]
            assert sorted(item for share in shares for item in share) == sorted(batch)
            assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_numbers_are_sent_from_the_device_of_the_training(monkeypatch):
    class Noted(Workers):
        seen: ClassVar[list] = []

        def total(self, value, device):
            self.seen.append(device)
            return value

    monkeypatch.setattr(training, "workers", Noted)
    fit(seed_weights(build(TINY)), [tiny_sample()], Recipe(**RECIPE | {"epochs": 1}), device="cpu:0")
    assert Noted.seen == ["cpu:0", "cpu:0"]  # the loss, and whether to stop


def test_alone_nothing_is_shared(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert join("cpu") == "cpu"
    assert workers() == Workers(0, 1)
    assert workers().leads
    assert workers().total(2.5, "cpu") == 2.5
    workers().wait()


def test_more_processes_than_gpus_are_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="process 1 of this machine finds 1 GPUs; start fewer"):
        join("cuda")
