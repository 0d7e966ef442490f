"""On a CUDA device: the CPU's results to the device's rounding, in every precision; skipped where there is none."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import seed_weights, tiny_sample

from mrilib import ttt
from mrilib.models.build import build
from mrilib.train.recipe import Recipe
from mrilib.train.training import fit
from mrilib.ttt import FREE_PHASE
from mrilib.ttt.stacked import test_time_train_stacked as adapt_stacked

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
FREE = replace(FREE_PHASE, max_iterations=25, window=4)


def small():
    return seed_weights(build({"name": "norm_unet", "chans": 4, "num_pool_layers": 2}))


def adapt(device, settings=FREE):
    s = tiny_sample().to(device)
    return ttt.test_time_train(small().to(device), s.masked_kspace, s.mask, s.sens_maps, settings)


def close(found, wanted, tolerance):
    assert (found.cpu() - wanted).abs().mean() <= tolerance * wanted.abs().mean()


@pytest.mark.parametrize(("precision", "tolerance"), [("float32", 0.02), ("bfloat16", 0.05)])
def test_test_time_training(precision, tolerance):
    settings = replace(FREE, precision=precision)
    found = adapt("cuda", settings)
    assert found.image.is_cuda
    close(found.image, adapt("cpu").image, tolerance)


def test_stacked():
    slices = [tiny_sample(patient).to("cuda") for patient in range(3)]
    for found, one in zip(adapt_stacked(small().to("cuda"), slices, FREE), slices, strict=True):
        wanted = ttt.test_time_train(small().to("cuda"), one.masked_kspace, one.mask, one.sens_maps, FREE)
        close(found.image, wanted.image.cpu(), 0.02)


@pytest.mark.parametrize("loss", ["joint", "ssim"])
def test_training(loss):
    recipe = Recipe(loss, epochs=3, learning_rate=1e-3)
    losses = [fit(small(), [tiny_sample(0), tiny_sample(1)], recipe, device=device) for device in ("cpu", "cuda")]
    assert losses[1] == pytest.approx(losses[0], rel=0.05)
