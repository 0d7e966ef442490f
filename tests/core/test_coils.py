import os
from pathlib import Path

import numpy as np
import pytest
import torch
from laws import randn
from torch import Tensor

from mrilib.coils import compress, estimate_sens_maps, low_resolution, normalize_maps, rss
from mrilib.fourier import fft2c, ifft2c
from mrilib.sampling import calibration_width, random_mask

CLEAN = 1e-3


def smooth_coils(y: int, x: int, n_coils: int = 6) -> tuple[Tensor, Tensor]:
    """Object and maps of coils on a ring, each a smooth complex function; (1, 1, y, x) and (1, coil, y, x)."""
    v = torch.linspace(-1, 1, y, dtype=torch.float64)[:, None]
    u = torch.linspace(-1, 1, x, dtype=torch.float64)[None]
    angles = torch.arange(n_coils, dtype=torch.float64)[:, None, None] * 2 * torch.pi / n_coils
    distance = (v - 1.3 * torch.sin(angles)) ** 2 + (u - 1.3 * torch.cos(angles)) ** 2
    maps = torch.polar(torch.exp(-distance / 2), angles + 0.7 * u * torch.cos(angles) + 0.7 * v * torch.sin(angles))
    inside = v**2 / 0.7 + u**2 / 0.6 < 1
    detail = 1 + 0.3 * torch.cos(9 * v + 4 * u)
    return (inside * detail)[None, None], normalize_maps(maps[None])


def explained(maps: Tensor, coil_images: Tensor, region: Tensor) -> float:
    """‖S Sᴴ x‖² / ‖x‖² over a region; at most one."""
    seen = maps * (maps.conj() * coil_images).sum(1, keepdim=True)
    return float((seen * region).abs().square().sum() / (coil_images * region).abs().square().sum())


def test_rss_by_hand() -> None:
    assert rss(torch.tensor([3 + 0j, 4j]).view(1, 2, 1, 1)).tolist() == [[[[5.0]]]]
    assert not rss(randn(2, 3, 4, 5)).is_complex()
    assert rss(randn(2, 3, 4, 5)).shape == (2, 1, 4, 5)


def test_rss_has_a_derivative_everywhere() -> None:
    images = torch.tensor([3 + 0j, 4j, 0j, 0j]).view(1, 2, 1, 2).transpose(1, 3).reshape(1, 2, 2, 1).requires_grad_()
    rss(images).sum().backward()
    assert images.grad is not None
    assert images.grad.isfinite().all()
    assert images.grad.abs().max() > 0.5


def test_normalised_maps_have_unit_rss_and_zeros_stay() -> None:
    maps = randn(2, 3, 4, 5)
    maps[:, :, 1, 2] = 0
    norm = rss(normalize_maps(maps))
    assert not normalize_maps(maps)[:, :, 1, 2].any()
    norm[:, :, 1, 2] = 1
    torch.testing.assert_close(norm, torch.ones_like(norm))


@pytest.mark.parametrize("size", [(48, 48), (45, 52), (47, 41)])
def test_espirit_finds_smooth_maps(size: tuple[int, int]) -> None:
    image, true_maps = smooth_coils(*size)
    mask = random_mask(size[1], 2, 0.4, 0)
    kspace = fft2c(true_maps * image) * mask
    maps = estimate_sens_maps(kspace, calibration_width(mask))
    torch.testing.assert_close(rss(maps), torch.ones(1, 1, *size, dtype=torch.float64))
    overlap = (maps.conj() * true_maps).sum(1, keepdim=True)
    assert overlap.abs()[image > 0].min() > 1 - CLEAN
    assert explained(maps, true_maps * image, image > 0) > 1 - CLEAN


def test_principal_phase_is_smooth_and_does_not_depend_on_the_data_phase() -> None:
    image, true_maps = smooth_coils(48, 40)
    kspace = fft2c(true_maps * image)
    maps = estimate_sens_maps(kspace, 20, phase="principal")
    torch.testing.assert_close(estimate_sens_maps(kspace * 5j, 20, phase="principal"), maps, atol=1e-6, rtol=0)
    turns = [(maps.roll(1, axis).conj() * maps).sum(1, keepdim=True).angle().abs() for axis in (-2, -1)]
    assert all(turn[image > 0].median() < 0.1 for turn in turns)


@pytest.mark.parametrize("size", [(48, 40), (47, 40), (48, 41), (47, 41)])
@pytest.mark.parametrize("width", [19, 20])
def test_calibration_phase_makes_the_image_real_and_positive(size: tuple[int, int], width: int) -> None:
    image, true_maps = smooth_coils(*size)
    coil_images = true_maps * image * torch.exp(torch.tensor(0.8j))
    maps = estimate_sens_maps(fft2c(coil_images), width, phase="calibration")
    combined = (maps.conj() * coil_images).sum(1, keepdim=True)[image > 0]
    assert combined.real.sum() > 0.99 * combined.abs().sum()


def test_each_slice_is_estimated_alone() -> None:
    image, true_maps = smooth_coils(40, 36)
    first, second = fft2c(true_maps * image), 1e3 * fft2c(true_maps.flip(-1) * image)
    together = estimate_sens_maps(torch.cat([first, second]), 16)
    torch.testing.assert_close(together[:1], estimate_sens_maps(first, 16))
    torch.testing.assert_close(together[1:], estimate_sens_maps(second, 16))


def test_only_the_calibration_block_is_read() -> None:
    image, true_maps = smooth_coils(40, 36)
    kspace = fft2c(true_maps * image)
    changed = kspace + randn(*kspace.shape)
    changed[..., 8:32, 10:26] = kspace[..., 8:32, 10:26]
    torch.testing.assert_close(estimate_sens_maps(changed, 16), estimate_sens_maps(kspace, 16))


def test_crop_removes_what_no_coil_sees() -> None:
    image, true_maps = smooth_coils(48, 40)
    kspace = fft2c(true_maps * image + 1e-3 * randn(1, 6, 48, 40))
    cropped, kept = estimate_sens_maps(kspace, 20, crop=0.8), estimate_sens_maps(kspace, 20)
    support = rss(cropped) > 0
    assert kept.abs().sum(1).all()
    assert support[image > 0].double().mean() > 0.95
    assert support[image == 0].double().mean() < support[image > 0].double().mean()
    torch.testing.assert_close(cropped, kept * support)


def test_one_coil_and_many_patches() -> None:
    image, _ = smooth_coils(48, 40)
    maps = estimate_sens_maps(fft2c(image.to(torch.complex128)), 30)
    torch.testing.assert_close(rss(maps), torch.ones(1, 1, 48, 40, dtype=torch.float64))


def real_brain() -> Tensor:
    """Fully sampled 13-coil images of three flip angles, (3, 13, 224, 224)."""
    path = Path(os.environ.get("MRILIB_DATA", ".")) / "kspace" / "pyqmri_vfa_brain_10fa_13coil_224x224.npy"
    if not path.is_file():
        pytest.skip(f"needs the real brain {path.name} in the folder kspace under MRILIB_DATA")
    return torch.fft.ifft2(torch.from_numpy(np.load(path, mmap_mode="r")[[2, 4, 9]]))


@pytest.mark.filterwarnings("ignore")  # of SigPy and its dependencies
def test_real_brain_is_explained_as_well_as_by_sigpy() -> None:
    images = real_brain()
    mask = random_mask(224, 4, 0.08, 0)
    width, kspace = calibration_width(mask), fft2c(images) * mask
    strength = rss(images)
    signal = strength > 0.1 * strength.flatten(1).quantile(0.99, dim=1)[:, None, None, None]
    everywhere = torch.ones_like(signal)
    maps = estimate_sens_maps(kspace, width)
    for ours, item, region in zip(maps, images, signal, strict=True):
        assert explained(ours[None], item[None], region[None]) > 0.95
    theirs, middle = sigpy_maps(kspace[1], width), slice(1, 2)
    for region in (signal[middle], everywhere[middle]):
        best = explained(theirs[None], images[middle], region)
        assert explained(maps[middle], images[middle], region) >= best - 1e-5


def sigpy_maps(kspace: Tensor, width: int) -> Tensor:
    """Uncropped, which explains the most, from a square calibration region of the same width."""
    app = pytest.importorskip("sigpy.mri.app")
    return torch.from_numpy(app.EspiritCalib(kspace.numpy(), calib_width=width, crop=0, show_pbar=False).run())


def test_wrong_input_is_named() -> None:
    kspace = randn(1, 3, 32, 32)
    with pytest.raises(ValueError, match=r"center_fraction: 5 calibration lines .* need 6; .* of 0\.22 or more"):
        estimate_sens_maps(kspace, 5)
    with pytest.raises(ValueError, match="calibration_width is 33"):
        estimate_sens_maps(kspace, 33)
    with pytest.raises(ValueError, match="not finite"):
        estimate_sens_maps(kspace * torch.nan, 12)
    with pytest.raises(ValueError, match="zero in the centre"):
        estimate_sens_maps(kspace * 0, 12)


def test_calibration_lines_that_are_not_there_are_refused() -> None:
    """Maps of 24 lines of which 12 were sampled, and coils compressed by none, came out without a word."""
    kspace = randn(2, 3, 32, 32)
    sampled = kspace.clone()
    sampled[1, ..., :10] = sampled[1, ..., 22:] = 0
    with pytest.raises(ValueError, match="calibration_width is 24, but not all of these lines in the centre were"):
        estimate_sens_maps(sampled, 24)
    assert torch.equal(estimate_sens_maps(sampled, 12), estimate_sens_maps(kspace, 12))
    for width in (0, -1, 33):
        with pytest.raises(ValueError, match=f"calibration_width is {width}: it must be at least 1 and at most the 32"):
            compress(kspace, width, 2)
    for width in (-1, 33):
        with pytest.raises(ValueError, match=f"calibration_width is {width}: it must be at least 0 and at most the 32"):
            low_resolution(kspace, width)
    assert low_resolution(kspace, 0) is kspace


def test_round_trip_of_coil_images() -> None:
    images = randn(1, 3, 9, 8)
    torch.testing.assert_close(rss(ifft2c(fft2c(images))), rss(images))
