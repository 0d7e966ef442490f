"""Test-time training of many slices at once gives what it gives one by one."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import seed_weights, tiny_model, tiny_sample

from mrilib import ttt
from mrilib.models.build import build
from mrilib.ttt import FREE_PHASE, Settings
from mrilib.ttt.stacked import test_time_train_stacked as adapt_stacked

PAPER_A = Settings(learning_rate=3e-3, max_iterations=12, window=2)
FREE = replace(FREE_PHASE, max_iterations=8, window=2, warmup=3)
OWN = replace(FREE, noise_floor=True, phase_start="selected")


@pytest.fixture(scope="module")
def samples():
    """In double precision, so that equal means equal to many digits."""
    found = [tiny_sample(patient) for patient in range(3)]
    return [
        replace(
            one,
            masked_kspace=one.masked_kspace.to(torch.complex128),
            sens_maps=one.sens_maps.to(torch.complex128),
        )
        for one in found
    ]


def alone(model, sample, settings):
    return ttt.test_time_train(model, sample.masked_kspace, sample.mask, sample.sens_maps, settings)


def network(name):
    sizes = {"num_cascades": 1} if name == "varnet" else {}
    return seed_weights(build({"name": name, "chans": 4, "num_pool_layers": 2, **sizes})).double()


@pytest.mark.parametrize("settings", [PAPER_A, FREE, OWN], ids=["paper A", "free phase", "own scans"])
@pytest.mark.parametrize("name", ["unet", "norm_unet", "varnet"])
def test_stacked_as_one_by_one(samples, name, settings):
    model = network(name)
    together = adapt_stacked(model, samples, settings)
    for sample, found in zip(samples, together, strict=True):
        wanted = alone(model, sample, settings)
        assert (found.stopped_at, found.chosen_at) == (wanted.stopped_at, wanted.chosen_at)
        assert found.history.validation_error == pytest.approx(wanted.history.validation_error, rel=1e-8)
        assert (found.image - wanted.image).abs().max() <= 1e-8 * wanted.image.abs().max()


def test_the_slices_differ_in_columns_and_stop_each_at_its_own_time(samples):
    assert len({int(sample.mask.sum()) for sample in samples}) > 1
    settings = Settings(learning_rate=0.03, max_iterations=30, window=3)
    together = adapt_stacked(tiny_model().double(), samples, settings)
    stops = [alone(tiny_model().double(), sample, settings).stopped_at for sample in samples]
    assert [one.stopped_at for one in together] == stops
    assert len(set(stops)) > 1
    assert [len(one.history.train_error) for one in together] == [stop + 1 for stop in stops]


def test_slices_of_different_shapes_are_named(samples):
    with pytest.raises(ValueError, match="they need one shape"):
        adapt_stacked(tiny_model(), [tiny_sample(), tiny_sample(matrix=(32, 48))], PAPER_A)


def test_the_given_network_is_not_changed(samples):
    model = tiny_model().double()
    before = [one.clone() for one in model.parameters()]
    adapt_stacked(model, samples, PAPER_A)
    assert all(map(torch.equal, before, model.parameters()))
