"""The weight of ℓ1-wavelets is chosen from the measurement, never from the truth."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from records import record
from tiny_slices import tiny_sample

from mrilib.beyond.from_simulation_to_scanner import wavelets
from mrilib.beyond.from_simulation_to_scanner.experiment import Contrasts, wavelet_image
from mrilib.scoring import slice_ssim
from mrilib.ttt import Settings


@pytest.fixture
def two_weights(monkeypatch):
    monkeypatch.setattr(wavelets, "WEIGHTS", (0.016, 50.0))


def test_the_weight_that_predicts_best_is_taken_without_the_target(two_weights):
    sample = tiny_sample()
    found = wavelets.self_validated(sample, Settings())
    assert found["weight"] == 0.016, "so much regularisation as 50 leaves nothing"
    assert found["ssim"] == found["best"]
    blind = wavelets.self_validated(replace(sample, target=torch.rand_like(sample.target)), Settings())
    assert blind["weight"] == found["weight"]


def test_units_do_not_matter(two_weights):
    sample = tiny_sample()
    tiny = replace(sample, masked_kspace=1e-9 * sample.masked_kspace, target=1e-9 * sample.target)
    found, again = (wavelets.self_validated(one, Settings()) for one in (sample, tiny))
    assert again["ssim"] == pytest.approx(found["ssim"], abs=1e-3)


def test_the_image_of_the_middle_contrast_is_that_of_the_stored_score(two_weights, monkeypatch):
    sample = tiny_sample()
    row = wavelets.self_validated(sample, Settings())
    monkeypatch.setattr(wavelets, "stored", lambda p: [None, SimpleNamespace(read=lambda: row)])
    found = Contrasts(["1°", "3°"], [None, sample], {}, {})
    image = wavelet_image(record("19"), found)
    assert slice_ssim(image, sample)[0] == pytest.approx(row["ssim"], abs=1e-4)
