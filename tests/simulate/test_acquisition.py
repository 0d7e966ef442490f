"""The simulator: signal equations in closed form, anatomies, coil arrays, noise."""

import random
from dataclasses import replace
from math import acos, cos, degrees, exp, log, radians, sin

import numpy as np
import pytest
import torch
from tiny_slices import tiny_scan

from mrilib.data.catalogue import distribution
from mrilib.simulate.acquisition import _noise, simulate_slice
from mrilib.simulate.anatomies import ANATOMIES
from mrilib.simulate.arrays import noise_covariance, ring_array
from mrilib.simulate.sequences import Sequence, double_echo, enhanced_t1, gradient_echo, inversion_recovery, spin_echo
from mrilib.simulate.shapes import Canvas, Grid
from mrilib.simulate.tissues import TISSUES, Tissue


def image_of(kspace):
    shifted = np.fft.ifftshift(kspace, axes=(-2, -1))
    return np.fft.fftshift(np.fft.ifft2(shifted, norm="ortho"), axes=(-2, -1))


def rss(coil_images):
    return np.sqrt((np.abs(coil_images) ** 2).sum(0))


def noise_free(scan):
    return replace(scan, background=0.0)


# --- signal equations -----------------------------------------------------------------------------------------------


def test_spin_echo():
    assert spin_echo(0.8, 1.0, 0.1, 1e6, 0.0) == pytest.approx(0.8)  # nothing is weighted
    assert spin_echo(0.8, 1.0, 0.1, log(2), 0.0) == pytest.approx(0.4)
    assert spin_echo(0.8, 1.0, 0.1, 1e6, 0.1 * log(2)) == pytest.approx(0.4)
    assert spin_echo(0.8, 1.0, 0.1, 0.0, 0.0) == 0


def test_gradient_echo_is_brightest_at_the_ernst_angle():
    t1, repetition = 0.8, 0.01
    ernst = degrees(acos(exp(-repetition / t1)))
    angles = np.linspace(0.5, 90, 2000)
    signals = [gradient_echo(1, t1, 0.05, repetition, 0.002, angle) for angle in angles]
    assert angles[np.argmax(signals)] == pytest.approx(ernst, abs=0.1)
    assert gradient_echo(1, t1, 0.05, repetition, 0.002, 0.0) == 0
    excited = gradient_echo(1, t1, 0.05, repetition, 0.05, 90)
    assert excited == pytest.approx((1 - exp(-repetition / t1)) * exp(-1))


def test_inversion_recovery_has_a_null():
    t1, repetition = 0.9, 3.0
    null = t1 * log(2 / (1 + exp(-repetition / t1)))
    assert inversion_recovery(1, t1, 0.1, repetition, 0.01, null) == pytest.approx(0, abs=1e-12)
    assert inversion_recovery(1, t1, 0.1, 1e6, 0.0, 1e5) == pytest.approx(1)
    assert inversion_recovery(1, t1, 0.1, 1e6, 0.0, 0.0) == pytest.approx(1)  # of the magnitude


def spread_isochromats(t1, t2, repetition_time, flip_angle):
    """Steady state of many spins whose phases between pulses cover the circle: just after and just before a pulse."""
    phases = 2 * np.pi * (np.arange(400) + 0.5) / 400
    e1, e2, angle = exp(-repetition_time / t1), exp(-repetition_time / t2), radians(flip_angle)
    across, upright = np.zeros(400, complex), np.ones(400)
    for _ in range(round(12 * t1 / repetition_time)):
        turned = cos(angle) * across.imag + sin(angle) * upright
        upright = cos(angle) * upright - sin(angle) * across.imag
        after = across.real + 1j * turned
        across, upright = after * np.exp(1j * phases) * e2, 1 + (upright - 1) * e1
    return abs(after.mean()), abs(across.mean())


@pytest.mark.parametrize(("t1", "t2", "angle"), [(1.2, 0.04, 20.0), (0.4, 0.13, 20.0), (1.0, 0.1, 35.0)])
def test_double_echoes_are_those_of_many_spins(t1, t2, angle):
    after, before = spread_isochromats(t1, t2, 0.02, angle)
    first, second = double_echo(1, t1, t2, 0.02, 0.006, angle)
    assert first == pytest.approx(after * exp(-0.006 / t2), rel=1e-4)
    assert second == pytest.approx(before * exp(0.006 / t2), rel=1e-4)


def test_without_transverse_memory_the_first_echo_is_a_spoiled_gradient_echo():
    first, second = double_echo(1, 0.8, 1e-3, 0.05, 0.0, 25.0)
    assert first == pytest.approx(gradient_echo(1, 0.8, 1e-3, 0.05, 0.0, 25.0))
    assert second == pytest.approx(0, abs=1e-9)


def test_a_contrast_agent_brightens_what_takes_it_up():
    plain, enhanced = Sequence("spin_echo", 0.5, 0.009), Sequence("enhanced_spin_echo", 0.5, 0.009)
    gain = {name: enhanced.signal(TISSUES[name], 3.0) / plain.signal(TISSUES[name], 3.0) for name in ("blood", "csf")}
    assert gain["blood"] > 2
    assert gain["csf"] == 1
    assert enhanced_t1(1.0, 0.2) == pytest.approx(1 / 2)


@pytest.mark.parametrize(
    ("kind", "equation", "arguments"),
    [
        ("spin_echo", spin_echo, {}),
        ("gradient_echo", gradient_echo, {"flip_angle": 20.0}),
        ("inversion_recovery", inversion_recovery, {"inversion_time": 0.4}),
    ],
)
def test_a_sequence_reads_its_equation(kind, equation, arguments):
    sequence, tissue = Sequence(kind, 0.5, 0.01, **arguments), TISSUES["white_matter"]
    t2 = 0.5 * tissue.t2(1.5) if kind == "gradient_echo" else tissue.t2(1.5)
    expected = equation(tissue.proton_density, tissue.t1(1.5), t2, 0.5, 0.01, *arguments.values())
    assert sequence.signal(tissue, 1.5) == pytest.approx(expected)


def test_an_unknown_sequence():
    with pytest.raises(ValueError, match="sequence kind 'spiral': expected one of spin_echo"):
        Sequence("spiral", 1.0, 0.01).signal(TISSUES["fat"], 3.0)


def test_fat_suppression_kills_fat_and_spares_water():
    plain, suppressed = Sequence("spin_echo", 2.8, 0.03), Sequence("spin_echo", 2.8, 0.03, fat_suppression=1.0)
    assert suppressed.signal(Tissue(1.0, 0.4, 0.1, fat_fraction=1.0), 3.0) == 0
    assert suppressed.signal(TISSUES["fat"], 3.0) == pytest.approx(0.05 * plain.signal(TISSUES["fat"], 3.0))
    assert suppressed.signal(TISSUES["fluid"], 3.0) == plain.signal(TISSUES["fluid"], 3.0)


def test_contrasts_are_those_of_the_clinic():
    def order(name, *tissues):
        scan = distribution(name).scan
        return sorted(tissues, key=lambda tissue: scan.sequence.signal(TISSUES[tissue], scan.field_strength))

    assert order("brain_axt2", "csf", "grey_matter", "white_matter") == ["white_matter", "grey_matter", "csf"]
    assert order("brain_axt1pre", "csf", "grey_matter", "white_matter") == ["csf", "grey_matter", "white_matter"]
    assert order("knee_pd", "fat", "bone", "muscle")[-1] == "fat"
    assert order("knee_pdfs", "fat", "fluid", "cartilage")[0] == "fat"
    assert Sequence("gradient_echo", 0.005, 0.002).with_flip_angle(7.0).flip_angle == 7.0


@pytest.mark.parametrize("name", TISSUES)
def test_t1_grows_and_t2_does_not_with_the_field(name):
    tissue = TISSUES[name]
    t1, t2 = ([getattr(tissue, time)(field) for field in (0.3, 1.5, 3.0, 7.0)] for time in ("t1", "t2"))
    assert t1 == sorted(t1)
    assert t2[1:] == sorted(t2[1:], reverse=True)
    assert (t1[2], t2[2]) == (tissue.t1_3t, tissue.t2_3t)
    assert all(one >= other for one, other in zip(t1, t2, strict=True))
    assert TISSUES["white_matter"].t1(1.5) == pytest.approx(0.832 / 2 ** (1 / 3))


# --- anatomies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anatomy", ANATOMIES)
@pytest.mark.parametrize("patient", [0, 1, 50_001])
@pytest.mark.parametrize("level", [-0.6, 0.0, 0.55])
def test_tissue_fractions_share_each_pixel(anatomy, patient, level):
    grid = tiny_scan(anatomy, matrix=(64, 64)).grid()
    fractions = ANATOMIES[anatomy].paint(patient, grid, level)
    assert set(fractions) <= set(TISSUES)
    assert min(fraction.min() for fraction in fractions.values()) >= 0
    total = sum(fractions.values())
    assert total.max() <= 1 + 1e-9
    assert 0.2 < total.mean() < 0.98  # there is a body, and air around it


def test_a_layer_covers_what_lies_below_it():
    canvas = Canvas(Grid((4, 4), 1.0))
    canvas.paint("fat", np.full((4, 4), 0.5))
    canvas.paint("skin", np.full((4, 4), 0.5))
    canvas.paint("fat", np.full((4, 4), 0.5))
    assert canvas.fractions["skin"][0, 0] == 0.25
    assert canvas.fractions["fat"][0, 0] == 0.625


def test_distances_are_millimetres():
    grid = Grid((41, 41), 2.0)
    assert grid.ellipse(0, 0, 10, 10)[20, 20] == pytest.approx(10)
    assert grid.ellipse(0, 0, 10, 10)[20, 25] == pytest.approx(0)
    assert grid.segment((-20, 0), (20, 0), 6)[20, 20] == pytest.approx(3)
    assert grid.segment((-20, 0), (20, 0), 6)[20, 22] == pytest.approx(-1)
    assert grid.inside(np.array(0.0)) == 0.5


# --- randomness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anatomy", ANATOMIES)
def test_the_seed_is_the_patient(anatomy):
    scan = tiny_scan(anatomy)
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()
    one = simulate_slice(scan, 3, 0.1)
    assert np.array_equal(one.kspace, simulate_slice(scan, 3, 0.1).kspace)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
    for other in (simulate_slice(scan, 4, 0.1), simulate_slice(scan, 3, 0.2)):
        difference = np.linalg.norm(np.abs(other.image) - np.abs(one.image)) / np.linalg.norm(one.image)
        assert difference > 0.05


def test_a_patient_keeps_the_coils_at_every_level():
    maps = [simulate_slice(tiny_scan(), 3, level).sens_maps for level in (0.0, 0.4)]
    assert np.array_equal(*maps)
    assert not np.array_equal(maps[0], simulate_slice(tiny_scan(), 4, 0.0).sens_maps)


# --- array, noise and k-space ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def covariance():
    maps = ring_array(np.random.default_rng(0), 8, 90.0, tiny_scan().grid())
    return noise_covariance(maps, 0.5)


def test_the_noise_covariance_is_one(covariance):
    assert np.diag(covariance) == pytest.approx(np.ones(8))
    assert np.allclose(covariance, covariance.conj().T)
    assert np.linalg.eigvalsh(covariance).min() > 0.4  # coupling 0.5 leaves half of each coil's noise its own
    assert np.abs(covariance - np.eye(8)).max() > 0.05
    assert np.allclose(noise_covariance(np.ones((3, 4, 4), complex), 0.0), np.eye(3))


def test_measured_noise_has_the_covariance(covariance):
    noise = _noise(np.random.default_rng(1), covariance, (200, 250)).reshape(8, -1)
    assert np.abs(noise @ noise.conj().T / noise.shape[1] - covariance).max() < 5 / np.sqrt(noise.shape[1])
    assert np.abs(noise @ noise.T / noise.shape[1]).max() < 5 / np.sqrt(noise.shape[1])  # circular


def test_the_array_has_unit_sensitivity_in_the_middle():
    maps = ring_array(np.random.default_rng(0), 12, 90.0, Grid((64, 64), 2.5))
    assert rss(maps)[16:-16, 16:-16].mean() == pytest.approx(1)
    nearest = np.abs(maps).reshape(12, -1).argmax(1)
    assert len(set(nearest)) > 6  # the coils look at different places


@pytest.mark.parametrize("anatomy", ANATOMIES)
@pytest.mark.parametrize("matrix", [(64, 64), (63, 65)])
def test_without_noise_the_measurement_is_the_forward_model(anatomy, matrix):
    """F⁻¹y = S x but for what lies beyond the band (S x has a wider one than x): a few percent."""
    made = simulate_slice(noise_free(tiny_scan(anatomy, matrix=matrix)), 7, 0.1)
    measured, expected = image_of(made.kspace), made.sens_maps * made.image
    center = (slice(None), slice(16, -16), slice(16, -16))
    assert np.linalg.norm((measured - expected)[center]) < 0.04 * np.linalg.norm(measured[center])


@pytest.mark.parametrize("background", [0.05, 0.15])
def test_the_background_is_as_bright_as_asked_for(background):
    scan = replace(tiny_scan("brain", coils=8, matrix=(64, 64)), background=background, field_of_view=280.0)
    made, clean = simulate_slice(scan, 7, 0.1), simulate_slice(noise_free(scan), 7, 0.1)
    measured = rss(image_of(made.kspace))
    air = rss(image_of(clean.kspace)) < 0.01 * np.percentile(measured, 95)
    assert air.mean() > 0.03
    assert measured[air].mean() / np.percentile(measured, 95) == pytest.approx(background, rel=0.15)


def test_the_noise_of_a_slice_has_the_arrays_covariance():
    made, clean = simulate_slice(tiny_scan(), 7, 0.1), simulate_slice(noise_free(tiny_scan()), 7, 0.1)
    noise = (made.kspace - clean.kspace).reshape(4, -1)
    measured = noise @ noise.conj().T / noise.shape[1]
    measured /= np.trace(measured).real / 4
    assert np.abs(measured - noise_covariance(made.sens_maps, 0.5)).max() < 4 / np.sqrt(noise.shape[1])


def test_a_thick_slice_blurs_borders_that_move():
    thin, thick = noise_free(tiny_scan("brain")), noise_free(replace(tiny_scan("brain"), sub_slices=3))
    one, three = (np.abs(simulate_slice(scan, 3, 0.3).image) for scan in (thin, thick))
    assert 0.002 < np.linalg.norm(one - three) / np.linalg.norm(one) < 0.5
