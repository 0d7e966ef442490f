"""ℓ1-wavelets: the solver minimises what it says, λ is chosen on validation slices only, rows are computed once."""

import numpy as np
import pytest
import pywt
import torch
from tiny_slices import tiny_sample

from mrilib.fourier import fft2c, ifft2c
from mrilib.paper_b.wavelets_need_tuning import experiment
from mrilib.paper_b.wavelets_need_tuning.experiment import WAVELET, SingleCoil, Tuning, score, wavelet_reconstruction

WEIGHTS = (1e-4, 1e-2, 1e-1)


@pytest.fixture(scope="module")
def single():
    return SingleCoil.emulate(tiny_sample())


def test_one_coil_measures_the_combined_image(single):
    sample = tiny_sample()
    assert single.target.max().item() == pytest.approx(1)
    assert single.kspace.shape == (40, 48)
    assert (single.kspace[:, ~single.mask[0]] == 0).all()
    image = sample.reference[0, 0] / sample.reference.abs().max()
    measured = single.mask.expand(40, 48)
    torch.testing.assert_close(single.kspace[measured], fft2c(image)[measured])


def objective(image, single, weight):
    residual = (fft2c(image) - single.kspace) * single.mask
    coefficients = pywt.coeffs_to_array(pywt.wavedecn(image.numpy(), WAVELET, mode="zero"))[0]
    return 0.5 * residual.abs().square().sum().item() + weight * np.abs(coefficients).sum()


@pytest.mark.parametrize("weight", [1e-2, 1e-1])
def test_the_solver_lowers_the_objective(single, weight, generator):
    found = wavelet_reconstruction(single, weight)[0, 0]
    least = objective(found, single, weight)
    zero_filled = ifft2c(single.kspace)
    blurred = 0.95 * found
    noisy = found + 0.01 * torch.randn(found.shape, generator=generator)
    assert least < min(objective(other, single, weight) for other in (zero_filled, blurred, noisy, 0 * found))


def test_the_weight_does_what_it_should(single):
    little, much = (wavelet_reconstruction(single, weight).abs().sum() for weight in (1e-2, 1.0))
    assert much < 0.6 * little
    complete = SingleCoil(fft2c(single.target[0, 0] + 0j), single.mask | True, single.target)
    torch.testing.assert_close(wavelet_reconstruction(complete, 0.0).abs(), single.target, atol=1e-4, rtol=0)


def test_every_run_gives_the_same_bits_and_the_global_random_state_stays(single):
    before = np.random.get_state()[1].copy()
    first, second = (wavelet_reconstruction(single, 1e-2) for _ in range(2))
    assert torch.equal(first, second)
    assert (np.random.get_state()[1] == before).all()


def test_a_negative_weight_is_refused(single):
    with pytest.raises(ValueError, match="weight must be at least 0, got -1"):
        wavelet_reconstruction(single, -1)


@pytest.fixture
def tuning(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    easy = {"validation": [0.5, 0.8, 0.4], "test": [0.9, 0.7, 0.1]}
    hard = {"validation": [0.2, 0.3, 0.6], "test": [0.3, 0.2, 0.5]}
    made = []

    def compute(self, name, split):
        made.append((name, split))
        means = (easy if name == "m4raw_t1" else hard)[split]
        return {"ssim": [[mean - 0.01, mean, mean + 0.01] for mean in means]}

    monkeypatch.setattr(Tuning, "_compute", compute)
    return Tuning(("m4raw_t1", "m4raw_t2"), WEIGHTS, 3, 3), made


def test_the_weight_is_chosen_on_validation_slices_only(tuning):
    tuned, _ = tuning
    assert (tuned.best("m4raw_t1"), tuned.best("m4raw_t2")) == (1e-2, 1e-1)
    assert tuned.cost("m4raw_t1", "m4raw_t2").value == pytest.approx(0.6)
    assert tuned.cost("m4raw_t2", "m4raw_t1").value == pytest.approx(0.3)
    assert tuned.cost("m4raw_t1", "m4raw_t1").value == 0
    points = {(point["distribution"], point["weight"]): point["value"] for point in tuned.points("test")}
    assert points["m4raw_t1", 1e-4] == pytest.approx(0.2)
    assert points["m4raw_t2", 1e-1] == 0


def test_rows_are_computed_once(tuning):
    tuned, made = tuning
    for _ in range(2):
        tuned.points("test")
    again = Tuning(("m4raw_t1", "m4raw_t2"), WEIGHTS, 3, 3)
    again.points("test")
    assert sorted(made) == [(name, split) for name in ("m4raw_t1", "m4raw_t2") for split in ("test", "validation")]
    assert all(row.table.find(row.key) for row in tuned.rows())
    assert (
        Tuning(("m4raw_t1",), WEIGHTS, 3, 4).table.find(Tuning(("m4raw_t1",), WEIGHTS, 3, 4).key("m4raw_t1", "test"))
        is None
    )


def test_a_slice_is_scored_against_its_target(single, monkeypatch):
    monkeypatch.setattr(experiment, "wavelet_reconstruction", lambda slice_, weight: slice_.target * (1 - weight))
    assert score(single, 0.0) == pytest.approx(1)
    assert score(single, 0.5) < 0.95
