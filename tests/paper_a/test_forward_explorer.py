"""The explorer of the forward model without a browser: its physics, its words, and what each control computes."""

import re

import pytest
import torch
from widget_parts import parts

from mrilib.paper_a.forward_explorer import forward_explorer, reconstructions, scanned
from mrilib.sample import undersample
from mrilib.sampling import random_mask
from mrilib.scoring import slice_ssim


@pytest.fixture(scope="module")
def explorer():
    return forward_explorer()


def view(explorer):
    return parts(explorer)[6].value


def images(html):
    return dict(re.findall(r'src="([^"]+)" alt="([^":]+)', html)[i][::-1] for i in range(html.count("<img")))


def test_noise_grows_by_its_level_alone():
    quiet, some, more = (scanned("brain_axt2", 50_000, 4, level) for level in (0.0, 0.1, 0.3))
    torch.testing.assert_close(more - quiet, 3 * (some - quiet), rtol=0, atol=1e-6 * float(quiet.abs().max()))
    assert some.shape == (4, 128, 128)
    assert (some - quiet).norm() > 0


def test_words_and_captions_are_the_numbers_of_the_library(explorer):
    mask = random_mask(128, 4, 0.08, 0)[None, None, None]
    sample = undersample(scanned("brain_axt2", 50_000, 8, 0.09), mask, maps=False)
    scores = [slice_ssim(image, sample)[0] for image in reconstructions(sample, 8).values()]
    lines = int(mask.sum())
    assert f"True acceleration {128 / lines:.2f}×: {lines} of 128 lines" in view(explorer)
    assert f"zero-filled {scores[0]:.3f}, CG-SENSE (8 iterations) {scores[1]:.3f}." in view(explorer)
    assert f'alt="CG-SENSE (8 iterations): SSIM {scores[1]:.3f}"' in view(explorer)
    assert scores[1] > scores[0] + 0.1


def test_the_mask_leaves_the_scan_alone_and_the_scan_the_mask(explorer):
    _, _, _, seed, _, noise = parts(explorer)[:6]
    first = images(view(explorer))
    seed.value += 1
    second = images(view(explorer))
    assert first["coil 5"] == second["coil 5"]
    assert first["mask"] != second["mask"]
    noise.value += 0.03
    third = images(view(explorer))
    assert second["coil 5"] != third["coil 5"]
    assert second["mask"] == third["mask"]
    assert len({*third.values()}) == len(third) == 8, "no two images are the same"


def test_a_narrow_center_leaves_no_coil_maps_and_says_so():
    narrow = forward_explorer(center_fraction=0.02)
    assert "its coil maps need 6 lines in the centre, but there are only 2; widen the centre." in view(narrow)
    assert "iterations" not in view(narrow)
    assert "zero-filled" in images(view(narrow))


def test_what_cannot_be_is_said_in_the_view_and_passes(explorer):
    acceleration, fraction = parts(explorer)[:2]
    acceleration.value = 10
    fraction.value = 0.32
    assert 'role="alert"' in view(explorer)
    assert "acceleration 10 leaves 12.8 of 128 columns" in view(explorer)
    acceleration.value = 2
    assert "CG-SENSE (8 iterations)" in images(view(explorer))
    with pytest.raises(ValueError, match="distribution 'brain'"):
        forward_explorer("brain")


def test_without_a_kernel_accelerations_stand_side_by_side():
    still = parts(forward_explorer(beside=(2, 8)))[6].value
    scores, lines = [], [128]
    for acceleration in (2, 8):
        mask = random_mask(128, acceleration, 0.08, 0)[None, None, None]
        sample = undersample(scanned("brain_axt2", 50_000, 8, 0.09), mask, maps=False)
        scores.append(slice_ssim(reconstructions(sample, 8)["CG-SENSE (8 iterations)"], sample)[0])
        lines.append(int(mask.sum()))
    assert re.findall(r'alt="([^"]+)"', still) == [
        *(f"mask: {count} of 128 lines" for count in lines),
        "fully sampled (simulated)",
        *(f"{a}×, CG-SENSE: SSIM {score:.3f}" for a, score in zip((2, 8), scores, strict=True)),
    ]
    assert "the lower the SSIM (simulated)" in still
