"""Maps of what changed: blue is better, orange is worse, white is equal."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from mrilib.figures.changes import Changed, change_grid, local_change
from mrilib.metrics import ssim

COLUMNS = ["before", "after", "change"]


def drawn(value):
    image = torch.full((40, 40), 0.5)
    row = Changed("a row", [image, image], torch.full((40, 40), value), ["", "", "a number"])
    picture = change_grid([row], COLUMNS, end=0.2, alt="What changed")
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


@pytest.mark.parametrize(("value", "color"), [(0.2, "295FDD"), (-0.5, "C4590B"), (0.0, "FFFFFF")])
def test_colours_run_from_orange_over_white_to_blue(value, color):
    pixels = drawn(value)
    middle = pixels[pixels.shape[0] // 3, -200]
    assert np.abs(middle - list(bytes.fromhex(color))).max() <= 8


def test_the_range_must_be_positive():
    with pytest.raises(ValueError, match="end is 0: expected a positive change"):
        change_grid([], COLUMNS, end=0, alt="What changed")


def test_without_words_at_the_left_there_is_no_room_for_them():
    image = torch.full((40, 40), 0.5)
    named, bare = (Changed(title, [image], image, ["", ""]) for title in ("a row", ""))
    wide, narrow = (change_grid([row], COLUMNS[:2], end=1, alt="What changed").width for row in (named, bare))
    assert wide > narrow


def test_the_map_averages_to_the_change_of_ssim():
    generator = torch.Generator().manual_seed(0)
    target, noise = torch.rand(2, 96, 98, generator=generator).unbind()
    before, after = target + noise, target + 0.5 * noise
    found = local_change(target, before, after)
    assert found.shape == target.shape
    scores = [ssim(target[None, None], image[None, None]).item() for image in (before, after)]
    assert scores[1] - scores[0] > 0.1
    assert found[3:-3, 3:-3].mean().item() == pytest.approx(scores[1] - scores[0], abs=2e-3)
    assert not found[:3].any(), "local SSIM is undefined in the border"
