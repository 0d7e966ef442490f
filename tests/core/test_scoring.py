"""Baselines are as good as they can be, and what is shown is what is scored."""

import pytest
import torch
from tiny_slices import tiny_sample

from mrilib.scoring import best_cg_sense, cg_sense_scores, matched, slice_ssim, with_cropped_maps, zero_filled


@pytest.fixture(scope="module")
def sample():
    return tiny_sample()


def test_the_best_iteration_is_the_best(sample):
    both = [cg_sense_scores(maps, 6) for maps in (sample, with_cropped_maps(sample))]
    assert slice_ssim(best_cg_sense(sample, 6), sample)[0] == pytest.approx(max(map(max, both)))
    assert slice_ssim(best_cg_sense(sample, 1), sample)[0] == pytest.approx(max(scores[0] for scores in both))


def test_zero_filled_of_all_data_is_the_target(sample):
    from dataclasses import replace

    from mrilib.fourier import fft2c

    full = replace(sample, masked_kspace=fft2c(sample.sens_maps * sample.reference))
    assert torch.allclose(zero_filled(full), sample.reference.abs(), rtol=1e-4, atol=1e-6)


def test_matched_images_have_the_targets_mean_and_deviation(sample):
    target, images = matched(sample, {"a": 3 * sample.reference + 1})
    assert images["a"].mean() == pytest.approx(target.mean().item(), rel=1e-4)
    assert images["a"].std() == pytest.approx(target.std().item(), rel=1e-4)
