"""The frame around a body is a square within the image."""

import pytest
import torch

from mrilib.figures.framing import body, framed


def test_the_frame_is_a_square_around_the_bright_part():
    target = torch.zeros(1, 1, 100, 120)
    target[..., 30:70, 20:40] = 1
    assert body(target) == (slice(28, 72), slice(8, 52))


def test_the_frame_stays_within_the_image():
    target = torch.zeros(60, 40)
    target[:38, 2:38] = 1
    rows, columns = body(target)
    assert (rows, columns) == (slice(0, 40), slice(0, 40))


def test_nothing_bright_is_an_error():
    with pytest.raises(ValueError, match="nothing to frame"):
        body(torch.zeros(4, 4))


def test_images_are_cropped_with_their_target():
    target = torch.zeros(1, 1, 60, 60)
    target[..., 20:40, 20:40] = 1
    cut, images = framed(target, {"other": target + 1})
    assert cut.shape == images["other"].shape == (1, 1, 22, 22)
    assert images["other"].mean() == pytest.approx(1 + 400 / 484)
