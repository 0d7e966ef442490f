"""Arrays that are no centred k-space are found by their energy, and what is k-space never is refused."""

import re

import numpy as np
import pytest
import torch
from tiny_slices import tiny_scan

from mrilib.data.catalogue import DISTRIBUTIONS
from mrilib.data.kspace import check_kspace
from mrilib.data.volumes import VolumeError, read_slice, write_volume
from mrilib.fourier import fft2c, fftc, ifft2c, ifftc
from mrilib.simulate.acquisition import simulate_slice

SCANS = [name for name in DISTRIBUTIONS if not name.endswith("_lesions")][::4]  # a scan of each kind


@pytest.fixture(scope="module", params=SCANS)
def kspace(request):
    """A slice of a distribution, (coil, ky, kx) complex64."""
    made = simulate_slice(DISTRIBUTIONS[request.param].scan, 3, 0.6).kspace
    return torch.from_numpy(made).to(torch.complex64)


def refused(kspace):
    with pytest.raises(VolumeError) as caught:
        check_kspace(kspace, "scan.h5")
    assert str(caught.value).startswith("scan.h5")
    return str(caught.value)


def test_k_space_is_taken(kspace):
    check_kspace(kspace, "scan.h5")
    check_kspace(kspace.roll((2, -3), (1, 2)), "scan.h5")  # an echo comes a little early or late
    check_kspace(kspace * (torch.arange(kspace.shape[-1]) % 3 == 0), "scan.h5")


def converted(kspace, said):
    """K-space after the command that the message gives."""
    command = re.search(r"np\.\w+\(kspace, .*?\)\)?(?=, or|$)", said)[0]
    return torch.from_numpy(eval(command, {"np": np, "kspace": kspace.numpy()}))


@pytest.mark.parametrize("steps", [(0, 9), (-7, 0), (12, -20)])
def test_k_space_beside_the_centre_comes_back_by_the_command_given(kspace, steps):
    said = refused(kspace.roll(steps, (1, 2)))
    assert "not in the centre; centre the k-space first, with np.roll(kspace, " in said
    back = converted(kspace.roll(steps, (1, 2)), said)
    check_kspace(back, "scan.h5")
    assert any(torch.equal(back, kspace.roll((y, x), (1, 2))) for y in (-1, 0, 1) for x in (-1, 0, 1))


@pytest.mark.parametrize("axes", [(-2, -1), (-1,)])
def test_the_centre_in_the_corner(kspace, axes):
    corner = torch.fft.ifftshift(kspace, dim=axes)
    said = refused(corner)
    assert f"with np.fft.fftshift(kspace, axes={axes})" in said
    assert torch.equal(torch.fft.fftshift(corner, dim=axes), kspace)


def test_images_in_place_of_k_space(kspace):
    said = refused(ifft2c(kspace))
    assert "holds images, not k-space; transform them first: mrilib.fourier.fft2c(images)" in said
    check_kspace(fft2c(ifft2c(kspace)), "scan.h5")


@pytest.mark.parametrize(("axis", "name"), [(-2, "ky"), (-1, "kx")])
def test_an_axis_already_transformed(kspace, axis, name):
    half = ifftc(kspace, (axis,))
    said = refused(half)
    assert f"is an image along {name}, not k-space" in said
    assert f"mrilib.fourier.fftc(kspace, ({axis},))" in said
    check_kspace(fftc(half, (axis,)), "scan.h5")


@pytest.mark.parametrize(("order", "back"), [((1, 2, 0), "(0, 3, 1, 2)"), ((1, 0, 2), "(0, 2, 1, 3)")])
def test_axes_in_another_order(kspace, order, back):
    said = refused(kspace.permute(order))
    assert f"change their order first, e.g. kspace.transpose{back}" in said


def test_noise_and_few_samples_are_not_judged(generator):
    for size in (8, 15, 16, 64, 200):
        noise = torch.complex(*torch.randn(2, 4, size, size, generator=generator))
        check_kspace(noise, "air.h5")
        check_kspace(ifft2c(noise), "air.h5")


def test_the_real_brain_is_taken(brain_vfa):
    for path in sorted(brain_vfa.glob("*.h5")):
        found = read_slice(path, 0)
        assert found.columns.all()
        with pytest.raises(VolumeError, match="holds images"):
            check_kspace(ifft2c(found.kspace), "brain.h5")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda one: np.roll(one, 9, -1), r"np\.roll\(kspace, \(-9,\), \(-1,\)\)"),
        (lambda one: np.fft.ifftshift(one, (-2, -1)), r"np\.fft\.fftshift\(kspace, axes=\(-2, -1\)\)"),
        (lambda one: ifft2c(torch.from_numpy(one)).numpy(), "holds images, not k-space"),
        (lambda one: one.transpose(0, 2, 3, 1), r"kspace\.transpose\(0, 3, 1, 2\)"),
    ],
)
def test_a_volume_of_one_s_own_is_judged_by_its_middle_slice(tmp_path, spoil, said):
    middle = simulate_slice(tiny_scan(), 0, 0.1).kspace.astype(np.complex64)
    air = np.random.default_rng(0).standard_normal((2, *middle.shape)).astype(np.complex64) * 1e-6
    path = tmp_path / "own.h5"
    write_volume(path, np.stack([air[0], middle, air[1]]))
    assert read_slice(path, 0).kspace.shape == (4, 40, 48)
    write_volume(path, spoil(np.stack([air[0], middle, air[1]])))
    with pytest.raises(VolumeError, match=rf"own\.h5: slice 1.*{said}"):
        read_slice(path, 0)
