"""Artificial shifts: each has its closed form, changes measurement and truth together, and repeats by seed."""

import cmath

import pytest
import torch
from laws import assert_close, randn

from mrilib.coils import rss
from mrilib.fourier import fft2c, ifft2c
from mrilib.linop import Fourier, Sensitivity
from mrilib.paper_a.variants_that_fail.perturbations import PERTURBATIONS, Strength, perturb

MAPS = randn(3, 16, 24, seed=1)
IMAGE = randn(1, 16, 24, seed=2)
KSPACE = fft2c(MAPS * IMAGE)
CERTAIN = ("regular", "fliph", "flipv", "rot90", "blur", "ghost")


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_the_same_seed_gives_the_same_bits_and_another_only_changes_what_is_random(name):
    state = torch.get_rng_state()
    one, again, other = (perturb(KSPACE, name, seed) for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert torch.equal(one, other) == (name in CERTAIN)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", sorted(set(PERTURBATIONS) - {"noisy", "spike"}))
def test_linear_ones_are_linear(name):
    other, a = fft2c(MAPS * randn(1, 16, 24, seed=3)), 0.3 - 1.2j
    assert_close(perturb(a * KSPACE + other, name), a * perturb(KSPACE, name) + perturb(other, name))


@pytest.mark.parametrize("name", PERTURBATIONS)
def test_a_change_of_units_changes_nothing(name):
    assert_close(perturb(512 * KSPACE, name), 512 * perturb(KSPACE, name))


@pytest.mark.parametrize(
    ("name", "move"),
    [
        ("fliph", lambda image: image.flip(-1)),
        ("flipv", lambda image: image.flip(-2)),
        ("rot90", lambda image: torch.rot90(image, dims=(-2, -1))),
    ],
)
def test_moved_maps_explain_the_moved_image(name, move):
    A = Fourier() @ Sensitivity(move(MAPS)[None])
    assert_close(perturb(KSPACE, name), A(move(IMAGE)[None])[0])


def test_flips_and_four_turns_lead_back():
    for name, times in (("fliph", 2), ("flipv", 2), ("rot90", 4)):
        kspace = KSPACE
        for _ in range(times):
            kspace = perturb(kspace, name)
        assert_close(kspace, KSPACE)


@pytest.mark.parametrize("name", ["noisy", "blur", "elastic", "spike", "ghost"])
def test_strength_zero_is_no_change(name):
    none = Strength(noise=0, blur=0, elastic=0, spike=0, ghost=0)
    assert_close(perturb(KSPACE, name, strength=none), KSPACE, 1e-6)


def test_noise_alone_has_the_stated_height_in_the_image():
    empty = torch.zeros(8, 64, 64, dtype=torch.complex128)
    empty[:, 32, 32] = 1  # a flat image
    added = perturb(empty, "noisy", strength=Strength(noise=0.2)) - empty
    bright = rss(ifft2c(empty)[None]).quantile(0.95)
    height = rss(ifft2c(added)[None]).square().mean().sqrt() / bright
    assert height.item() == pytest.approx(0.2, rel=0.02)


def test_blur_widens_a_point_by_its_deviation():
    point = torch.zeros(1, 33, 33, dtype=torch.complex128)
    point[0, 16, 16] = 1
    weights = ifft2c(perturb(fft2c(point), "blur", strength=Strength(blur=1.5)))[0].real
    places = torch.arange(33) - 16
    assert weights.sum().item() == pytest.approx(1)
    assert (weights.sum(0) * places**2).sum().item() == pytest.approx(1.5**2, rel=1e-3)


def test_a_spike_is_one_sample_a_coil_at_the_same_place():
    change = perturb(KSPACE, "spike", strength=Strength(spike=0.7)) - KSPACE
    places = change.nonzero()
    assert len(places) == len(KSPACE)
    assert len(places[:, 1:].unique(dim=0)) == 1
    assert_close(change.abs().amax((1, 2)), 0.7 * KSPACE.abs().amax((1, 2)))


def test_ghosts_are_moved_copies_of_the_stated_weight():
    strength, n = Strength(ghost=0.6, ghosts=4), 24
    offsets = [k * n // 4 for k in range(4)]
    phases = [cmath.exp(-2j * cmath.pi * k * (n // 2) / 4) for k in range(4)]
    image = ifft2c(KSPACE)
    copies = sum(phase * image.roll(offset, -1) for phase, offset in zip(phases, offsets, strict=True))
    assert_close(ifft2c(perturb(KSPACE, "ghost", strength=strength)), image - 0.6 / 4 * copies)


def test_the_elastic_field_moves_at_most_as_far_as_stated_and_keeps_the_border():
    y, x = torch.meshgrid(torch.arange(40.0), torch.arange(48.0), indexing="ij")
    ramp = torch.complex(x, y)[None].to(torch.complex128)
    moved = ifft2c(perturb(fft2c(ramp), "elastic", seed=3, strength=Strength(elastic=2.5)))[0] - ramp[0]
    inside = moved[4:-4, 4:-4]
    for part in (inside.real, inside.imag):
        assert 1.2 < part.abs().max().item() < 2.6
    assert moved[0].abs().max() < 1e-5


@pytest.mark.parametrize(
    ("kspace", "name", "message"),
    [
        (KSPACE, "flip", "perturbation 'flip': expected one of regular, fliph"),
        (KSPACE[None], "fliph", r"complex \(coil, ky, kx\), got torch.complex128 \(1, 3, 16, 24\)"),
        (KSPACE.real, "fliph", "complex"),
    ],
)
def test_bad_input_is_named(kspace, name, message):
    with pytest.raises(ValueError, match=message):
        perturb(kspace, name)


@pytest.mark.parametrize("wrong", [{"noise": -0.1}, {"ghost": 1.5}, {"ghosts": 1}, {"control_points": 1}])
def test_impossible_strengths_are_refused(wrong):
    with pytest.raises(ValueError, match="expected nothing negative"):
        Strength(**wrong)


def test_all_strengths_scale_together():
    assert Strength().scaled(1) == Strength()
    double = Strength().scaled(2)
    assert (double.noise, double.blur, double.elastic, double.spike) == (0.3, 2.0, 8.0, 2.0)
    assert (double.ghost, double.ghosts, double.control_points) == (1.0, 4, 7)
    with pytest.raises(ValueError, match="expected nothing negative"):
        Strength().scaled(-1)
