"""The measures of a row on image quality, where each is known."""

import pytest
import torch
from laws import randn
from tiny_slices import tiny_sample

from mrilib.metrics import center_crop
from mrilib.scoring import slice_ssim
from mrilib.train.quality import QUALITY, slice_quality


def test_the_target_is_perfect_in_every_measure():
    sample = tiny_sample()
    found = slice_quality(sample.target, sample)
    assert tuple(found) == QUALITY
    assert [found[name] for name in QUALITY[:3]] == pytest.approx([1, 1, 1])
    assert found["nmse"] == pytest.approx(0, abs=1e-9)
    assert found["psnr"] > 90


def test_matching_forgives_brightness_and_contrast_and_nothing_else_does():
    sample = tiny_sample()
    brighter = slice_quality(1.5 * sample.target + 0.2 * sample.target.amax(), sample)
    assert [brighter["ssim"], brighter["ssim_foreground"]] == pytest.approx([1, 1], abs=1e-5)
    assert brighter["ssim_unmatched"] < 0.9


def test_noise_in_the_background_does_not_lower_the_foreground():
    """Noise where the target is dark costs the whole image far more than the foreground."""
    sample = tiny_sample()
    target = center_crop(sample.target, sample.recon_size)
    dark = (sample.target <= 0.02 * sample.target.amax()).float()
    noise = 0.05 * sample.target.amax() * randn(*sample.target.shape, seed=1, dtype=torch.float32).abs() * dark
    found = slice_quality(sample.target + noise, sample)
    assert found["ssim"] == pytest.approx(slice_ssim(sample.target + noise, sample)[0])
    assert 1 - found["ssim_foreground"] < 0.15 * (1 - found["ssim"])
    assert found["nmse"] < (noise.square().sum() / target.square().sum()).item()
