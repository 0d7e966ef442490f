"""Phases and their errors, with the outline of the body."""

import math

import pytest
import torch

from mrilib.figures.phase_errors import outline, phase_errors


def test_the_outline_surrounds_a_region_and_leaves_out_its_holes():
    region = torch.zeros(7, 7, dtype=torch.bool)
    region[1:6, 1:6] = True
    region[3, 3] = False
    edge = outline(region)
    assert edge.sum() == 16
    assert not edge[2:5, 2:5].any()


def test_the_median_error_is_written_below_every_image_and_nothing_is_drawn_of_an_empty_region():
    inside = torch.zeros(32, 32, dtype=torch.bool)
    inside[8:24, 8:24] = True
    truth = torch.ones(1, 1, 32, 32, dtype=torch.complex64)
    turned = truth * complex(math.cos(1), math.sin(1))
    right, wrong = (
        phase_errors(truth, {"image": image}, inside, title="truth", alt="phases") for image in (truth, turned)
    )
    assert right.png != wrong.png
    assert right.alt == "phases"
    with pytest.raises(ValueError, match="inside"):
        phase_errors(truth, {"image": truth}, ~inside & inside, title="truth", alt="phases")
