import numpy as np
import pytest
import torch
from laws import randn
from torch import Tensor

from mrilib.metrics import artefact_variance, center_crop, match_mean_std, nmse, psnr, region_ssim, ssim, ssim_map


def pair(y: int = 40, x: int = 33, batch: int = 3) -> tuple[Tensor, Tensor]:
    """Smooth positive targets of very different scale, and reconstructions near them."""
    grid = torch.linspace(0, 6, y, dtype=torch.float64)[:, None] * torch.linspace(0.1, 1, x, dtype=torch.float64)
    scale = torch.tensor([1.0, 3e-5, 700.0], dtype=torch.float64)[:batch, None, None, None]
    target = scale * (1.2 + torch.sin(grid) + 0.1 * randn(batch, 1, y, x, dtype=torch.float64))
    return target, target * 0.8 + 0.1 * scale * randn(batch, 1, y, x, seed=1, dtype=torch.float64)


def skimage_ssim(target: np.ndarray, reconstruction: np.ndarray, data_range: float) -> float:
    metrics = pytest.importorskip("skimage.metrics")
    return float(metrics.structural_similarity(target, reconstruction, data_range=data_range))


@pytest.mark.parametrize("convention", ["own maximum", "volume maximum", "matched", "matched, volume maximum"])
def test_ssim_equals_scikit_image(convention: str) -> None:
    target, reconstruction = pair()
    data_range = float(target.max()) if "volume" in convention else None
    match = "mean_std" if "matched" in convention else None
    ours = ssim(target, reconstruction, data_range=data_range, match=match)
    for i, (t, r) in enumerate(zip(target[:, 0].numpy(), reconstruction[:, 0].numpy(), strict=True)):
        if match:
            r = (r - r.mean()) / r.std() * t.std() + t.mean()
        assert abs(float(ours[i]) - skimage_ssim(t, r, data_range or t.max())) < 1e-6


@pytest.mark.parametrize("size", [(7, 7), (8, 31), (64, 50)])
def test_ssim_equals_scikit_image_for_float32(size: tuple[int, int]) -> None:
    target, reconstruction = (image.float() for image in pair(*size))
    ours = ssim(target, reconstruction)
    assert ours.dtype == torch.float32
    for i, (t, r) in enumerate(zip(target[:, 0].double(), reconstruction[:, 0].double(), strict=True)):
        assert abs(float(ours[i]) - skimage_ssim(t.numpy(), r.numpy(), float(t.max()))) < 1e-6


def test_ssim_map_equals_scikit_image_inside_the_border() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    target, reconstruction = pair(batch=1)
    t, r = target[0, 0].numpy(), reconstruction[0, 0].numpy()
    _, full = metrics.structural_similarity(t, r, data_range=t.max(), full=True)
    ours = ssim_map(target, reconstruction)[0, 0].numpy()
    assert np.abs(ours - full[3:-3, 3:-3]).max() < 1e-6


def test_ssim_of_equal_images_is_one_and_scale_does_not_matter() -> None:
    target, reconstruction = pair()
    torch.testing.assert_close(ssim(target, target), torch.ones(3, dtype=torch.float64))
    torch.testing.assert_close(ssim(7 * target, 7 * reconstruction), ssim(target, reconstruction))


def test_match_makes_ssim_blind_to_shift_and_scale() -> None:
    target, reconstruction = pair()
    changed = 3 * reconstruction - 0.2
    assert (ssim(target, changed) - ssim(target, reconstruction)).abs().max() > 0.01
    torch.testing.assert_close(ssim(target, changed, match="mean_std"), ssim(target, reconstruction, match="mean_std"))


def test_matched_images_have_the_targets_mean_and_deviation() -> None:
    target, reconstruction = pair()
    matched = match_mean_std(target, reconstruction)
    torch.testing.assert_close(matched.mean((1, 2, 3)), target.mean((1, 2, 3)))
    torch.testing.assert_close(matched.std((1, 2, 3)), target.std((1, 2, 3)))
    flat = match_mean_std(target, torch.zeros_like(target))
    torch.testing.assert_close(flat, target.mean((1, 2, 3), keepdim=True).expand_as(target))


def test_data_range_per_item() -> None:
    target, reconstruction = pair()
    limits = torch.tensor([2.0, 1e-4, 3000.0], dtype=torch.float64)
    together = ssim(target, reconstruction, data_range=limits)
    alone = [ssim(target[i : i + 1], reconstruction[i : i + 1], data_range=float(limits[i])) for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_ssim_gradient_is_that_of_finite_differences() -> None:
    target, reconstruction = pair(9, 8, batch=1)
    for match in (None, "mean_std"):
        assert torch.autograd.gradcheck(
            lambda r, match=match: ssim(target, r, match=match), reconstruction.requires_grad_()
        )


def test_psnr_and_nmse_equal_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    target, reconstruction = pair()
    peaks, errors = psnr(target, reconstruction), nmse(target, reconstruction)
    for i, (t, r) in enumerate(zip(target.numpy(), reconstruction.numpy(), strict=True)):
        expected = metrics.peak_signal_noise_ratio(t, r, data_range=t.max())
        assert float(peaks[i]) == pytest.approx(expected, rel=1e-10)
        assert float(errors[i]) == pytest.approx(metrics.normalized_root_mse(t, r) ** 2, rel=1e-10)


def test_perfect_reconstruction_has_no_error_and_endless_psnr() -> None:
    target, _ = pair()
    assert not nmse(target, target).any()
    assert psnr(target, target).isinf().all()


def test_artefact_variance_is_that_of_an_8_bit_error_by_scipy() -> None:
    ndimage = pytest.importorskip("scipy.ndimage")
    target, image = pair()
    limits = target.amax(dim=(1, 2, 3))
    ours = artefact_variance(target, image, limits)
    for i, error in enumerate((target - image)[:, 0].abs().numpy()):
        expected = ndimage.laplace(255 * error / float(limits[i]), mode="mirror").var()
        assert float(ours[i]) == pytest.approx(expected, rel=1e-10)


def test_artefact_variance_sees_sharp_errors_only_and_no_common_scale() -> None:
    target = torch.zeros(1, 1, 16, 16, dtype=torch.float64)
    smooth, sharp = torch.full_like(target, 0.3), target.clone()
    sharp[..., ::2] = 0.3
    assert artefact_variance(target, smooth, 1.0) < 1e-12
    assert artefact_variance(target, sharp, 1.0) > 1000
    torch.testing.assert_close(artefact_variance(target, 7 * sharp, 7.0), artefact_variance(target, sharp, 1.0))
    torch.testing.assert_close(artefact_variance(target, sharp, 0.5), 4 * artefact_variance(target, sharp, 1.0))


def test_artefact_variance_refuses_what_has_no_scale() -> None:
    target, image = pair()
    with pytest.raises(ValueError, match="data_range must be positive"):
        artefact_variance(target, image, 0.0)
    with pytest.raises(ValueError, match="image is complex"):
        artefact_variance(target, image * 1j, 1.0)


@pytest.mark.parametrize(("size", "shape", "first"), [((9, 8), (4, 4), (2, 2)), ((8, 9), (5, 4), (1, 2))])
def test_center_crop_takes_fastmri_corner(
    size: tuple[int, int], shape: tuple[int, int], first: tuple[int, int]
) -> None:
    image = torch.arange(size[0] * size[1]).view(1, 1, *size)
    cropped = center_crop(image, shape)
    assert cropped.shape[-2:] == shape
    assert cropped[0, 0, 0, 0] == image[0, 0, first[0], first[1]]


def test_wrong_input_is_named() -> None:
    target, reconstruction = pair()
    with pytest.raises(ValueError, match=r"reconstruction is complex: .*reconstruction.abs\(\)"):
        ssim(target, reconstruction + 0j)
    with pytest.raises(ValueError, match="target has values that are not finite"):
        psnr(target * torch.nan, reconstruction)
    with pytest.raises(ValueError, match=r"must both be \(batch, 1, y, x\)"):
        nmse(target, reconstruction[..., 1:])
    with pytest.raises(ValueError, match="too small"):
        ssim(target[..., :6], reconstruction[..., :6])
    with pytest.raises(ValueError, match="data_range must be positive"):
        ssim(torch.zeros_like(target), reconstruction)
    with pytest.raises(ValueError, match="match must be None or 'mean_std'"):
        ssim(target, reconstruction, match="minmax")
    with pytest.raises(ValueError, match=r"shape .* does not fit"):
        center_crop(target, (41, 8))


def test_ssim_of_a_region_is_that_of_its_crop(generator):
    target, other = (torch.rand(2, 1, 40, 30, generator=generator) for _ in range(2))
    region = np.s_[10:25, 4:20]
    expected = ssim(target[..., 10:25, 4:20], other[..., 10:25, 4:20], target.amax((1, 2, 3)))
    torch.testing.assert_close(region_ssim(target, other, region), expected)
    assert region_ssim(target, target, np.s_[3:5, 8:9]).tolist() == [1, 1]


def test_a_region_of_images_of_different_size_is_refused(generator):
    """The same image with a border of 10 pixels had an SSIM of 0.06 in a region: its other places were compared."""
    target = torch.rand(1, 1, 40, 30, generator=generator)
    wide = torch.nn.functional.pad(target, (10, 10, 10, 10))
    with pytest.raises(ValueError, match=r"\(1, 1, 40, 30\) and \(1, 1, 60, 50\)"):
        region_ssim(target, wide, np.s_[5:25, 5:25])
    assert region_ssim(target, center_crop(wide, (40, 30)), np.s_[5:25, 5:25]).tolist() == [1]


def test_images_are_not_matched_to_targets_of_another_batch():
    with pytest.raises(ValueError, match="target is a batch of 2, reconstruction one of 1"):
        match_mean_std(torch.ones(2, 1, 8, 8), torch.ones(1, 1, 8, 8))


def test_a_small_region_is_repeated_until_the_window_fits(generator):
    target, other = (torch.rand(1, 1, 40, 30, generator=generator) for _ in range(2))
    rows, columns = (torch.arange(7) * 3 // 7 + 5), (torch.arange(14) * 6 // 14 + 9)
    big = [image[..., rows, :][..., columns] for image in (target, other)]
    found = region_ssim(target, other, np.s_[5:8, 9:15], data_range=2.0)
    torch.testing.assert_close(found, ssim(*big, data_range=2.0))


@pytest.mark.parametrize("region", [np.s_[5:5, 1:9], np.s_[-1:8, 1:9], np.s_[1:9, 25:31]])
def test_regions_outside_the_image_are_refused(region):
    with pytest.raises(ValueError, match=r"region .* of a 40x30 image"):
        region_ssim(torch.ones(1, 1, 40, 30), torch.ones(1, 1, 40, 30), region)
