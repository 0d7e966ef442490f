"""Maps of what changed: blue is better, orange is worse, white is equal."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from mrilib.figures.changes import Changed, change_grid

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
