"""Steps joined by arrows: in rows, with room for the arrows."""

import io

import pytest
import torch
from PIL import Image

from mrilib.figures.flow import Step, flow
from mrilib.figures.layout import PAGE, SHARPNESS

GREY = torch.full((8, 8), 0.5)


def steps(arrow):
    return [Step(GREY, f"step {n}", arrow=arrow if n else "") for n in range(6)]


def test_two_rows_of_three_with_arrows_fill_the_page():
    drawn = flow(steps("S\ncoils"), alt="six steps")
    width, height = Image.open(io.BytesIO(drawn.png)).size
    assert drawn.width == width / SHARPNESS == PAGE
    assert 1 < width / height < 2
    assert drawn.alt == "six steps"


def darkest(drawn):
    """Of the middle of the upper row, where there are no words."""
    image = Image.open(io.BytesIO(drawn.png)).convert("L")
    return image.crop((0, image.height // 4 - 10, image.width, image.height // 4 + 30)).getextrema()[0]


def test_an_arrow_is_drawn_between_its_tiles():
    assert darkest(flow(steps("S"), alt="x")) < 60 < darkest(flow(steps(""), alt="x"))


@pytest.mark.parametrize("given", [[], [Step(torch.ones(1, 8, 8), "three axes")], [Step(torch.ones(8, 8) * 1j, "x")]])
def test_what_cannot_be_drawn_is_refused(given):
    with pytest.raises(ValueError, match=r"steps is empty|expected real"):
        flow(given, alt="x")
