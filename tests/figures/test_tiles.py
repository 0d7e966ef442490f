"""Images inside explorers: pixels, error scale, alt text."""

import base64
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image

from mrilib.figures.tiles import error_tile, grey_tile, tile_row, white_of

RAMP = torch.linspace(0, 1, 32).expand(8, 32)


def pixels(tile):
    code = re.search(r'base64,([^"]+)"', tile).group(1)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB")).astype(int)


def test_a_grey_tile_shows_its_window():
    tile = grey_tile(RAMP, 0.5, "title <1>", "beneath", 'a "ramp"')
    assert pixels(tile)[0, :, 0].tolist() == [min(255, round(2 * 255 * x)) for x in RAMP[0].tolist()]
    assert 'alt="a &quot;ramp&quot;"' in tile
    assert "title &lt;1&gt;" in tile
    with pytest.raises(ValueError, match="alt is empty"):
        grey_tile(RAMP, 1.0, "", "", " ")


def test_an_error_tile_is_dark_where_there_is_none_and_full_at_a_fifth():
    wrong = RAMP.clone()
    wrong[:, 16:] += 0.2
    shown = pixels(error_tile(RAMP, wrong, 1.0, "errors"))
    assert shown[0, 0].tolist() == [0, 0, 4], "the dark end of the map"
    assert shown[0, -1].tolist() == [0xFC, 0xFD, 0xBF], "its bright end"
    assert "linear-gradient(to right, #000004" in error_tile(RAMP, wrong, 1.0, "errors"), "the bar of its colours"
    assert ">0.2<" in error_tile(RAMP, wrong, 1.0, "errors")


def test_a_row_keeps_the_order():
    row = tile_row([grey_tile(RAMP, 1.0, name, "", name) for name in ("first", "second")])
    assert row.index("first") < row.index("second")


def test_one_bright_spot_does_not_darken_the_rest():
    spot = RAMP.clone()
    spot[0, 0] = 100.0
    assert white_of(spot) == pytest.approx(1.0, abs=0.05)
