"""Datasets have names that say what they show."""

import pytest

from mrilib.data.collections import COLLECTIONS
from mrilib.paper_b.collection import arm_title
from mrilib.paper_b.plain_names import body_part, plain_populations, plain_title, two_lines


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cc_359_sagittal", "brain, sagittal (CC-359)"),
        ("nyu", "knee (NYU)"),
        ("stanford_2d", "mixed body parts (Stanford 2D)"),
        ("m4raw_gre", "brain, 0.3 T (M4Raw GRE)"),
        ("fastmri_knee", "fastMRI knee"),
        ("d_p", "13 datasets"),
        ("test distribution", "test distribution"),
    ],
)
def test_a_name_says_the_body_part_and_what_is_unusual(name, told):
    assert plain_title(name) == told


def test_no_two_datasets_have_one_name():
    assert len({plain_title(name) for name in COLLECTIONS}) == len(COLLECTIONS)


def test_populations_are_named_by_body_contrast_and_field():
    found = plain_populations(["fm_knee_pd_skyra", "fm_knee_pdfs_aera", "m4raw_t2", "7t_axial"])
    told = ["knee, PD, 3 T", "knee, PD, fat-suppressed, 1.5 T", "brain, T2, 0.3 T", "brain, MP2RAGE, 7 T"]
    assert list(found.values()) == told


def test_populations_that_show_the_same_keep_their_titles():
    found = plain_populations(["fm_knee_pd_skyra", "fm_knee_pd_biograph", "m4raw_t2"])
    assert list(found.values()) == ["fastMRI knee PD, Skyra 3 T", "fastMRI knee PD, Biograph 3 T", "brain, T2, 0.3 T"]


def test_the_bracket_may_have_a_line_of_its_own_or_be_left_out():
    assert two_lines("nyu") == "knee\n(NYU)"
    assert two_lines("fastmri_knee") == "fastMRI knee"
    assert body_part("m4raw_gre") == "brain, 0.3 T"


def test_titles_tell_views_apart_where_they_must():
    assert (arm_title("nyu"), arm_title("cc_359_sagittal")) == ("NYU data", "CC-359 sagittal")
