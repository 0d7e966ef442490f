"""A magnified detail has a ring around what matters, and below it a bar as long as its share."""

import io

import numpy as np
import torch
from PIL import Image

from mrilib.figures.crops import EMPTY, FULL, Crop, crops

DARK = torch.zeros(32, 32)


def pixels(picture):
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))


def test_a_ring_is_drawn_around_its_centre():
    plain, ringed = (pixels(crops([[Crop(DARK, "", ring)]], alt="a detail")) for ring in (None, (0.25, 0.5, 0.1)))
    changed = np.argwhere(plain != ringed)
    middle = (changed.min(0) + changed.max(0)) / 2
    assert changed.size
    assert middle[1] < plain.shape[1] / 2
    assert abs(middle[0] - plain.shape[0] / 2) < 4


def test_a_bar_is_as_long_as_its_share():
    shown = pixels(crops([[Crop(DARK, "", share=30.0)]], alt="a detail"))
    lengths = {level: max(np.count_nonzero(row == level) for row in shown) for level in (FULL, EMPTY)}
    assert abs(lengths[FULL] / (lengths[FULL] + lengths[EMPTY]) - 0.3) < 0.02


def test_a_row_without_shares_has_no_bars():
    one, other = (pixels(crops([[Crop(DARK, "", share=share)]], alt="a detail")) for share in (None, 50.0))
    assert one.shape[0] < other.shape[0]
