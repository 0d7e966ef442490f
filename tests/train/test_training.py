"""One training loop: it learns, repeats to the same bits, survives signals and kills, and refuses bad input."""

import os
import random
import signal
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_slices import run_script, tiny_model, tiny_sample, weights

from mrilib.losses import kspace_consistency, supervised_loss
from mrilib.scoring import reconstruct, slice_ssim
from mrilib.train.checkpoints import load_checkpoint
from mrilib.train.objectives import OBJECTIVES
from mrilib.train.recipe import Recipe
from mrilib.train.training import TrainingInterrupted, fit, refuse_too_large, training_loss

RECIPE = Recipe(epochs=4, learning_rate=1e-3, schedule="cosine")
STEPS = 12  # 3 slices, 4 epochs
CHECKPOINT = "net.checkpoint"

KILLED = """
import os, signal, sys
from pathlib import Path
import torch._dynamo  # by the optimizer, in seconds: once for all
from tiny_slices import tiny_model, tiny_sample
from mrilib.train.training import Recipe, fit
from mrilib.store import paths

recipe = Recipe(epochs=4, learning_rate=1e-3, schedule="cosine")
slices = [tiny_sample(patient) for patient in range(3)]
writes = []

def killed_while_writing(source, target, replace=os.replace):
    writes.append(target)
    if how == "kill" and len(writes) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

def terminated(step, steps, loss):
    if how == "terminate" and step == 5:
        os.kill(os.getpid(), signal.SIGTERM)

for how in sys.argv[2:]:
    folder = Path(sys.argv[1]) / how
    folder.mkdir()
    child = os.fork()
    if not child:
        os.dup2(os.open(folder / ".stderr", os.O_CREAT | os.O_WRONLY), 2)
        paths.os.replace = killed_while_writing
        fit(tiny_model(), slices, recipe, checkpoint=folder / CHECKPOINT, checkpoint_every=2, progress=terminated)
        sys.exit()
    (folder / ".code").write_text(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"""


@pytest.fixture(scope="module")
def slices():
    return [tiny_sample(patient) for patient in range(3)]


@pytest.fixture(scope="module")
def uninterrupted(slices):
    model = tiny_model()
    return fit(model, slices, RECIPE), weights(model)


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Folder of trainings that were stopped: SIGTERM after step 5; SIGKILL in the middle of step 6's checkpoint."""
    folder = tmp_path_factory.mktemp("träning 1")
    script = KILLED.replace("CHECKPOINT", repr(CHECKPOINT))
    process = run_script(script, folder, "terminate", "kill")
    assert process.returncode == 0, process.stderr
    return folder


def test_one_step_lowers_the_loss(slices):
    model, recipe = tiny_model(), replace(RECIPE, epochs=1)
    before = training_loss(model, slices[0], recipe).item()
    assert fit(model, slices[:1], recipe) == [pytest.approx(before)]
    assert training_loss(model, slices[0], recipe).item() < before


def test_training_learns_and_leaves_the_network_ready_for_use(slices):
    model = tiny_model()
    losses = fit(model, slices, replace(RECIPE, epochs=15))
    assert len(losses) == 15
    assert losses[-1] < 0.8 * losses[0]
    assert not model.training


def test_same_seed_same_bits(slices, uninterrupted):
    model = tiny_model()
    losses = fit(model, slices, RECIPE)
    assert losses == uninterrupted[0]
    assert torch.equal(weights(model), uninterrupted[1])
    other = tiny_model()
    fit(other, slices, replace(RECIPE, seed=1))
    assert not torch.equal(weights(other), uninterrupted[1])


def test_global_random_state_is_untouched(slices):
    model = tiny_model()
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    fit(model, slices, replace(RECIPE, epochs=1))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]


def test_gradients_are_computed_whatever_the_caller_switched_off(slices, uninterrupted):
    with torch.no_grad():
        losses = fit(tiny_model(), slices, RECIPE)
    assert losses == uninterrupted[0]


@pytest.mark.parametrize(("how", "code", "done"), [("terminate", 1, 5), ("kill", -signal.SIGKILL, 4)])
def test_a_stopped_training_goes_on_to_the_same_bits(slices, uninterrupted, stopped, how, code, done):
    checkpoint = stopped / how / CHECKPOINT
    printed = (stopped / how / ".stderr").read_text()
    assert int((stopped / how / ".code").read_text()) == code, printed
    assert how == "kill" or "after 5 steps; run again to continue" in printed
    assert [path.name for path in checkpoint.parent.iterdir() if not path.name.startswith(".")] == [checkpoint.name]
    model = tiny_model(seed=9)  # whatever it starts from, the checkpoint replaces it
    assert len(load_checkpoint(checkpoint, model, torch.optim.Adam(model.parameters()))["losses"]) == done
    steps = []
    losses = fit(model, slices, RECIPE, checkpoint=checkpoint, progress=lambda step, *_: steps.append(step))
    assert steps == list(range(done + 1, STEPS + 1))
    assert losses == uninterrupted[0]
    assert torch.equal(weights(model), uninterrupted[1])


def test_signals_do_what_they_did_before(slices):
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(TrainingInterrupted, match="signal 2 after 1 steps"):
        fit(tiny_model(), slices, RECIPE, progress=lambda *_: os.kill(os.getpid(), signal.SIGINT))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_training_in_another_thread_gives_the_same_bits(slices, uninterrupted):
    model = tiny_model()
    thread = threading.Thread(target=fit, args=(model, slices, RECIPE))
    thread.start()
    thread.join()
    assert torch.equal(weights(model), uninterrupted[1])


def test_a_finished_checkpoint_needs_no_further_step(slices, uninterrupted, tmp_path):
    checkpoint = tmp_path / "net.checkpoint"
    fit(tiny_model(), slices, RECIPE, checkpoint=checkpoint, checkpoint_every=STEPS)
    model = tiny_model(seed=9)
    losses = fit(model, slices, RECIPE, checkpoint=checkpoint, progress=lambda *_: pytest.fail("a step was made"))
    assert losses == uninterrupted[0]
    assert torch.equal(weights(model), uninterrupted[1])


@pytest.mark.parametrize(("change", "count"), [({"seed": 1}, 3), ({"learning_rate": 2e-3}, 3), ({}, 2)])
def test_a_checkpoint_of_another_training_is_refused(slices, tmp_path, change, count):
    checkpoint = tmp_path / "net.checkpoint"
    fit(tiny_model(), slices, replace(RECIPE, epochs=1), checkpoint=checkpoint)
    with pytest.raises(ValueError, match=r"net\.checkpoint: checkpoint of another recipe"):
        fit(tiny_model(), slices[:count], replace(RECIPE, epochs=1, **change), checkpoint=checkpoint)


def test_an_unwritable_checkpoint_is_reported_before_the_work(slices, tmp_path):
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(OSError, match="taken"):
        fit(
            tiny_model(),
            slices,
            RECIPE,
            checkpoint=tmp_path / "taken" / "net.checkpoint",
            progress=lambda *_: pytest.fail("a step was made"),
        )


def test_a_loss_that_is_not_finite_names_the_slice(slices):
    broken = replace(slices[0], target=slices[0].target * float("nan"))
    with pytest.raises(ValueError, match=r"not finite on patient 0.*learning_rate"):
        fit(tiny_model(), [broken], RECIPE)


def test_a_frozen_network_and_inference_mode_are_refused_by_name(slices):
    with pytest.raises(ValueError, match=r"no parameter requires a gradient; model.requires_grad_\(True\)"):
        fit(tiny_model().requires_grad_(False), slices, RECIPE)
    with torch.inference_mode(), pytest.raises(ValueError, match=r"leave torch.inference_mode, or use"):
        fit(tiny_model(), slices, RECIPE)


def test_a_network_too_large_to_train_is_refused():
    with pytest.raises(ValueError, match="training 10,000,000,000,000 parameters takes 160,000 GB of memory; this"):
        refuse_too_large(10**13)


def test_nothing_to_train_on():
    with pytest.raises(ValueError, match="list is empty"):
        fit(tiny_model(), [], RECIPE)


def test_slices_of_different_size_cannot_share_a_batch(slices):
    other = tiny_sample(3, matrix=(40, 64))
    with pytest.raises(ValueError, match=r"slices of one size.*batch_size 1"):
        fit(tiny_model(), [slices[0], other], replace(RECIPE, batch_size=2))
    assert len(fit(tiny_model(), [slices[0], other], replace(RECIPE, epochs=1))) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "adversarial"}, "loss .adversarial..*one of supervised, joint"),
        ({"schedule": "step"}, "schedule 'step'.*constant, cosine, one_cycle"),
        ({"supervised_target": "phase"}, "supervised_target 'phase'.*magnitude or complex"),
        ({"epochs": 0}, "must be positive"),
        ({"batch_size": 0}, "must be positive"),
        ({"learning_rate": 0.0}, "must be positive"),
        ({"learning_rate": float("nan")}, "must be positive"),
        ({"learning_rate": float("inf")}, "must be positive"),
    ],
)
def test_recipes_that_make_no_sense(change, message):
    with pytest.raises(ValueError, match=message):
        Recipe(**change)


def test_batches_depend_on_seed_and_epoch_only():
    recipe = Recipe(batch_size=4, seed=3)
    assert recipe.batches(10, 2) == recipe.batches(10, 2) == Recipe(batch_size=4, seed=3, epochs=7).batches(10, 2)
    assert recipe.batches(10, 2) != recipe.batches(10, 3)
    assert recipe.batches(10, 2) != replace(recipe, seed=4).batches(10, 2)
    batches = recipe.batches(10, 0)
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert sorted(index for batch in batches for index in batch) == list(range(10))
    assert replace(recipe, shuffle=False).batches(5, 6) == [[0, 1, 2, 3], [4]]


def test_the_cosine_rate_falls_from_its_start_to_almost_nothing():
    recipe = Recipe(learning_rate=2.0, schedule="cosine")
    rates = [recipe.rate(step, 1000) for step in range(1000)]
    assert rates[0] == pytest.approx(2.0)
    assert rates[500] == pytest.approx(1.0)
    assert 0 < rates[-1] < 1e-5
    assert rates == sorted(rates, reverse=True)
    assert Recipe(learning_rate=2.0).rate(999, 1000) == 2.0


def test_the_loss_has_the_terms_of_equation_2(slices):
    model, sample = tiny_model(), slices[0]
    image, A = reconstruct(model, sample), sample.operator
    supervised = supervised_loss(image, sample.target)
    consistency = kspace_consistency(image, sample.masked_kspace, A)
    assert training_loss(model, sample, Recipe(loss="supervised")).item() == pytest.approx(supervised.item())
    assert training_loss(model, sample, Recipe()).item() == pytest.approx((supervised + consistency).item())
    complex_one = supervised_loss(image, sample.reference, "complex").item()
    recipe = Recipe(loss="supervised", supervised_target="complex")
    assert training_loss(model, sample, recipe).item() == pytest.approx(complex_one)
    assert complex_one > supervised.item()  # the phase is part of it


def test_slices_are_scored_on_the_matched_centre(slices):
    sample = replace(slices[0], recon_size=(20, 24))
    assert slice_ssim(sample.target * 1j, sample) == [pytest.approx(1)]
    assert slice_ssim(3 * sample.target + 0j, sample) == [pytest.approx(1)]  # mean and standard deviation are matched
    outside = sample.target.clone()
    outside[..., :5, :] = 1.0
    assert slice_ssim(outside + 0j, sample) == [pytest.approx(1)]
    outside[..., 20:, :] = 1.0
    assert slice_ssim(outside + 0j, sample)[0] < 0.9


def test_flips_are_drawn_for_every_epoch_and_repeat():
    seen = []

    def look(model, batch, kind, generator):
        seen.append(batch.target[0, 0, 3, 5].item())
        return supervised_loss(model(batch.masked_kspace, batch.operator), batch.target)

    def trained(flips):
        seen.clear()
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(OBJECTIVES, "supervised", look)
            fit(tiny_model(), [tiny_sample()], replace(RECIPE, loss="supervised", flips=flips, epochs=12))
        return list(seen)

    assert len(set(trained(False))) == 1
    flipped = trained(True)
    assert len(set(flipped)) == 4, "along both axes, each, and neither"
    assert trained(True) == flipped
