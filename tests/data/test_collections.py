"""Paper B's datasets: the lists add up, slices follow from volumes, and subjects are never split."""

import pytest

from mrilib.data.collections import COLLECTIONS, split_subjects
from mrilib.data.formats import FORMATS

TRAINED_ON = [one for one in COLLECTIONS.values() if one.in_training]


def test_thirteen_are_trained_on_and_four_are_not():
    assert (len(COLLECTIONS), len(TRAINED_ON)) == (17, 13)
    assert {name for name, one in COLLECTIONS.items() if not one.in_training} == {
        "cc_359_sagittal", "stanford_2d", "nyu", "m4raw_gre",
    }  # fmt: skip


def test_the_training_slices_are_the_papers():
    assert sum(one.train.slices for one in TRAINED_ON) == 413_011


@pytest.mark.parametrize("name", [name for name, one in COLLECTIONS.items() if one.depth])
def test_slices_follow_from_volumes_and_what_is_dropped(name):
    one = COLLECTIONS[name]
    for part in (one.train, one.test):
        assert part.slices == part.volumes * one.slices_of


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_one_has_a_format_that_gives_its_view(name):
    one = COLLECTIONS[name]
    views = FORMATS[one.format].views
    assert one.view in views or list(views) == ["native"]


def test_table_1_counts_all_volumes():
    expected = {"7t_axial": 385, "cc_359_axial": 67, "stanford_3d_axial": 19, "skm_tea": 310, "stanford_2d": 89}
    volumes = {name: one.train.volumes + one.test.volumes for name, one in COLLECTIONS.items()}
    assert {name: volumes[name] for name in expected} == expected


def test_no_subject_is_on_both_sides():
    subjects = [f"s{n // 5}" for n in range(100)]  # five volumes each, as the 7T database has
    train, test = split_subjects(subjects, seed=1)
    assert sorted(train + test) == list(range(100))
    assert not {subjects[n] for n in train} & {subjects[n] for n in test}
    assert len(train) == 85


def test_a_split_depends_on_the_seed_and_not_on_the_order():
    subjects = [f"s{n}" for n in range(40)]
    chosen = {subjects[n] for n in split_subjects(subjects, 3)[0]}
    turned = subjects[::-1]
    assert {turned[n] for n in split_subjects(turned, 3)[0]} == chosen
    assert {subjects[n] for n in split_subjects(subjects, 4)[0]} != chosen


def test_both_sides_get_a_subject():
    train, test = split_subjects(["a", "b", "b"], 0, share=0.99)
    assert train
    assert test
    with pytest.raises(ValueError, match="1 subjects cannot be split"):
        split_subjects(["a", "a"], 0)
