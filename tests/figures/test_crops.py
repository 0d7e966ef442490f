"""A magnified detail has a ring around what matters, and below it a bar as long as its share."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from mrilib.figures.crops import Crop, crops
from mrilib.figures.layout import MUTED

DARK, GREY = torch.zeros(32, 32), int(MUTED[1:3], 16)


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
    none, thirty, full, more = (
        np.count_nonzero(pixels(crops([[Crop(DARK, "", share=share)]], alt="a detail")) == GREY)
        for share in (0.0, 30.0, 100.0, 130.0)
    )
    assert (thirty - none) / (full - none) == pytest.approx(0.3, abs=0.03)
    assert more == full, "the bar ends at the tile's edge"


def test_a_row_without_shares_has_no_bars():
    one, other = (pixels(crops([[Crop(DARK, "", share=share)]], alt="a detail")) for share in (None, 50.0))
    assert one.shape[0] < other.shape[0]
