"""The simulation is as noisy and as hard to reconstruct as the scanner, and the figures mean what they say."""

from dataclasses import fields, replace

import pytest
import torch

from mrilib.coils import corners
from mrilib.data.catalogue import distribution
from mrilib.data.simulated import SPLITS, simulate_patient
from mrilib.fourier import fft2c
from mrilib.paper_a.forward_model.calibration import (
    ITERATIONS,
    RINGS,
    SCANNER,
    background_level,
    cg_sense_scores,
    comparison_rows,
    energy_distance,
    energy_rows,
    figures,
    likeness_in_words,
    noise_correlation,
    radial_energy,
    scanner_figures,
    with_cropped_maps,
)
from mrilib.sample import undersample
from mrilib.sampling import Undersampling
from mrilib.scoring import slice_ssim

TWIN = 5  # degrees: what `brain_vfa` simulates
# How far the mean over simulated patients may lie from the scanner at the same flip angle.
BANDS = {
    "zero_filled": 0.05,
    "cg_sense_best": 0.06,
    "cg_sense_last": 0.16,
    "background": 0.015,
    "correlation_mean": 0.08,
    "correlation_max": 0.15,
}
DECADES = 0.5


def noise(generator, *shape):
    return torch.randn(shape, generator=generator, dtype=torch.complex64)


@pytest.fixture(scope="module")
def simulated():
    twin = distribution("brain_vfa")
    kspaces = [torch.from_numpy(simulate_patient(twin, patient).kspace) for patient in SPLITS["validation"][:3]]
    return [figures(kspace.to(torch.complex64)) for kspace in kspaces]


@pytest.mark.parametrize("name", BANDS)
def test_the_simulated_twin_is_like_the_scanner(simulated, name):
    mean = sum(getattr(one, name) for one in simulated) / len(simulated)
    assert mean == pytest.approx(getattr(SCANNER[TWIN], name), abs=BANDS[name])


def test_the_simulated_energy_falls_as_the_scanners(simulated):
    assert energy_distance(simulated, SCANNER[TWIN]) < DECADES
    assert energy_distance(simulated, SCANNER[TWIN]) < energy_distance(simulated, SCANNER[1]), "other noise is told"


def test_the_stored_figures_are_the_scanners(brain_vfa):
    found = scanner_figures(brain_vfa, [1, 5, 19])
    for angle, one in found.items():
        for name in BANDS:
            assert getattr(one, name) == pytest.approx(getattr(SCANNER[angle], name), abs=2e-3), (angle, name)
        assert one.radial_energy == pytest.approx(SCANNER[angle].radial_energy, abs=0.02)


def test_without_the_data_the_stored_figures_are_given():
    assert scanner_figures(None, [3, 9]) == {3: SCANNER[3], 9: SCANNER[9]}
    assert all(len(one.radial_energy) == len(RINGS) - 1 for one in SCANNER.values())


def test_white_noise_has_the_same_energy_at_every_radius(generator):
    assert radial_energy(noise(generator, 99, 96, 80)) == pytest.approx([0.0] * (len(RINGS) - 1), abs=0.15)


def test_energy_of_two_rings_by_hand():
    kspace = torch.ones(1, 8, 8, dtype=torch.complex64)
    kspace[0, 4, 4] = 10  # the zero frequency
    assert radial_energy(kspace, (0, 0.1, 2)) == pytest.approx([0, -2])


def test_corners_leave_out_the_middle(generator):
    image = noise(generator, 2, 16, 24)
    assert corners(image).shape == (2, 4 * 2 * 3)
    image[:, 2:-2] = torch.nan
    image[:, :, 3:-3] = torch.nan
    assert corners(image).isfinite().all()


def test_background_level_by_hand():
    coil_images = torch.full((1, 4, 32, 32), 5.0 + 0j)
    coil_images[..., :4, :4] = coil_images[..., :4, -4:] = coil_images[..., -4:, :4] = coil_images[..., -4:, -4:] = 1
    assert background_level(coil_images) == pytest.approx(1 / 5)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_noise_correlation_finds_what_the_coils_share(generator, share):
    own, common = noise(generator, 1, 5, 128, 128), noise(generator, 1, 1, 128, 128)
    found = noise_correlation((1 - share) ** 0.5 * own + share**0.5 * common)
    assert found.shape == (10,)
    assert float(found.mean()) == pytest.approx(share, abs=0.05)


def test_scores_of_cg_sense_are_those_of_the_pseudo_inverse(generator):
    kspace = noise(generator, 3, 24, 32)
    sample = undersample(kspace, Undersampling(2, 0.5).mask("tiny", 32))
    scores = cg_sense_scores(sample, 4)
    assert len(scores) == 4
    image = sample.operator.pinv(sample.masked_kspace, iterations=3, tolerance=0)
    assert scores[2] == pytest.approx(slice_ssim(image, sample)[0], abs=1e-6)
    assert ITERATIONS == 30, "the label of a stored figure says so"


def test_cropped_maps_are_the_same_maps_inside_and_zero_outside():
    distance = (torch.arange(48)[:, None] - 24) ** 2 + (torch.arange(48) - 24) ** 2
    coils = torch.stack([torch.exp(0.02j * k * torch.arange(48.0)) * (1 + 0.01 * k) for k in range(4)])
    full = undersample(fft2c((distance < 200) * coils[:, None]), Undersampling(2, 0.5).mask("disc", 48))
    cropped = with_cropped_maps(full, 0.95)
    kept = cropped.sens_maps.abs().sum(1, keepdim=True) > 0
    assert 0.2 < kept.float().mean() < 0.8, "some of the maps, not all"
    assert torch.equal(cropped.sens_maps, full.sens_maps * kept)
    assert cropped.target is full.target


def test_rows_of_table_and_chart():
    pair = [SCANNER[3], SCANNER[9]]
    rows = comparison_rows(pair, {5: SCANNER[5]})
    assert len(rows) == len(fields(SCANNER[5])) - 1
    assert rows[0]["simulated"] == pytest.approx({"value": 0.674, "low": 0.670, "high": 0.678})
    assert rows[0]["5°"] == SCANNER[5].zero_filled
    curves = energy_rows(pair, {5: SCANNER[5]})
    assert {row["from"] for row in curves} == {"simulated", "scanner, 5°"}
    assert all(row["low"] <= row["value"] <= row["high"] for row in curves)
    assert energy_distance([SCANNER[5]], SCANNER[5]) == 0


def test_the_sentence_names_what_lies_outside_the_simulation():
    low, high = (replace(SCANNER[TWIN], background=value) for value in (0.08, 0.09))
    [line] = likeness_in_words([low, high], {TWIN: replace(SCANNER[TWIN], correlation_max=0.6, background=0.085)})
    within, outside = line.split("Outside: ")
    assert within.startswith("**Scanner, 5°.** Within the simulated range: zero-filled SSIM at 4×; ")
    assert "background / 95th percentile" in within
    assert outside == (
        "noise correlation between two coils, largest (0.600, simulated 0.485 to 0.485). "
        "Largest difference in k-space energy: 0.00 decades."
    )


def test_the_noise_stated_beside_the_explorer_is_the_scanners():
    levels = [found.background for found in SCANNER.values()]
    assert (f"{min(levels):.2f}", f"{max(levels):.3f}") == ("0.08", "0.225"), "0.08 to 0.23 in notebook 01"
