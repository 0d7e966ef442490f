"""Two processes that train together arrive where one does; one of them writes."""

import json
import os
import subprocess
import sys
from typing import ClassVar

import pytest
import torch
from tiny_slices import SUPPORT, seed_weights, tiny_sample, weights

from mrilib.models.build import build
from mrilib.train import training
from mrilib.train.distributed import Workers, join, workers
from mrilib.train.recipe import Recipe
from mrilib.train.training import fit

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
RECIPE = {"loss": "ssim", "epochs": 3, "learning_rate": 1e-3, "batch_size": 2, "clip_norm": 1.0}

TOGETHER = """
import json, sys
from pathlib import Path
import torch
from tiny_slices import seed_weights, tiny_sample, weights
from mrilib.train.distributed import join, workers
from mrilib.models.build import build
from mrilib.train.training import Recipe, TrainingInterrupted, fit

torch.set_num_threads(1)
join("cpu")
folder, settings = Path(sys.argv[1]), json.loads(sys.argv[2])
slices = [tiny_sample(patient) for patient in range(5)]
model = seed_weights(build(settings["model"]), settings.get("seeds", [0, 0])[workers().rank])
place = folder / f"rank{workers().rank}" if settings.get("apart") else folder
reported = []

def progress(step, steps, loss):
    reported.append(step)
    if step == settings.get("stop"):
        import os, signal
        os.kill(os.getpid(), signal.SIGTERM)

try:
    losses = fit(model, slices, Recipe(**settings["recipe"]), checkpoint=place / "one.checkpoint", progress=progress)
except (TrainingInterrupted, ValueError) as stopped:
    losses = [str(stopped)]
result = {"losses": losses, "weights": weights(model).tolist(), "reported": len(reported), "size": workers().size}
(folder / f"rank{workers().rank}.json").write_text(json.dumps(result))
"""


def together(folder, **settings):
    """What each of two processes says after training together."""
    script = folder / "together.py"
    script.write_text(TOGETHER)
    path = os.pathsep.join([str(SUPPORT), str(SUPPORT.parents[1])])
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(
        [*command, str(folder), json.dumps(settings)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"},
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads((folder / f"rank{rank}.json").read_text()) for rank in range(2)]


@pytest.fixture(scope="module")
def alone():
    slices = [tiny_sample(patient) for patient in range(5)]
    model = seed_weights(build(TINY))
    return fit(model, slices, Recipe(**RECIPE)), weights(model)


def test_two_processes_give_the_weights_of_one(alone, tmp_path):
    first, second = together(tmp_path, model=TINY, recipe=RECIPE)
    assert first["size"] == 2
    assert first["weights"] == second["weights"]
    assert first["losses"] == pytest.approx(alone[0], rel=1e-4)
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)
    assert (first["reported"], second["reported"]) == (9, 0)  # 5 slices in batches of 2, 2 and 1; three epochs


def test_a_signal_to_one_stops_all_and_they_go_on(alone, tmp_path):
    stopped = together(tmp_path, model=TINY, recipe=RECIPE, stop=4)
    assert "stopped by signal 15 after 4 steps" in stopped[0]["losses"][0]
    assert "stopped by another process after 4 steps" in stopped[1]["losses"][0]
    first, second = together(tmp_path, model=TINY, recipe=RECIPE)
    assert first["reported"] == 5
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)


def test_processes_that_start_from_different_weights_take_those_of_the_first(alone, tmp_path):
    first, second = together(tmp_path, model=TINY, recipe=RECIPE, seeds=[0, 1])
    assert first["weights"] == second["weights"]
    torch.testing.assert_close(torch.tensor(first["weights"]), alone[1], rtol=1e-3, atol=1e-4)


def test_a_checkpoint_that_only_one_process_finds_is_refused_by_all(tmp_path):
    together(tmp_path, model=TINY, recipe=RECIPE, stop=4, apart=True)
    for one in together(tmp_path, model=TINY, recipe=RECIPE, apart=True):
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
