"""P and Q in words keep the colour and the place of what they stand for."""

import pytest

from mrilib.data.catalogue import SHIFTS
from mrilib.figures.theme import NAMED, colors_of, ordered
from mrilib.paper_a.experiment import SIDES
from mrilib.paper_a.side_words import ONE_SLICE, from_to, side_name, side_word, slice_of_q, worded


def test_a_name_says_what_p_and_q_are():
    assert side_name("anatomy", "P") == "knees (P)"
    assert worded("anatomy", "joint on P + TTT") == "joint on knees (P) + TTT"
    assert worded("modality", "SSIM on Q") == "SSIM on T1 brains (Q)"
    assert worded("anatomy", "PSNR") == "PSNR"
    assert from_to("acceleration") == "knees at 4× → knees at 2×"


def test_every_shift_has_its_words_and_another_keeps_the_letters():
    assert all(side_word(shift, side) != side for shift in SHIFTS for side in SIDES)
    assert side_name("another", "Q") == "Q"
    assert {*ONE_SLICE} == {*SHIFTS}
    assert slice_of_q("anatomy") == "brain slice (Q)"
    assert slice_of_q("another") == "slice of Q"


@pytest.mark.parametrize("name", ["P", "supervised on Q", "joint on P + TTT", "trained on P, then TTT", "SSIM on Q"])
@pytest.mark.parametrize("shift", SHIFTS)
def test_words_have_the_colour_of_the_letter(shift, name):
    assert colors_of([worded(shift, name)]) == [NAMED[name]]


def test_words_keep_the_order_of_methods():
    names = ["joint on Q + TTT", "supervised on P", "joint on P", "supervised on Q"]
    assert ordered(worded("anatomy", name) for name in names) == [worded("anatomy", name) for name in ordered(names)]
