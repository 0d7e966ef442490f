"""A network for all accelerations sees the slices of those for one; true accelerations are counted in the mask."""

from dataclasses import replace

import pytest
from records import record
from robust_scores import ACCELERATIONS
from tiny_slices import padded

from mrilib.data.slices import SliceDataset
from mrilib.data.volumes import write_volume
from mrilib.paper_b.effective_robustness import table_2
from mrilib.paper_b.effective_robustness.table_2 import (  # fmt: skip
    KNEES,
    MIXED,
    SEEN,
    TESTED,
    UNSEEN,
    arms,
    at,
    comparisons,
    folds,
    lead,
    lead_moves,
    study,
    trained,
    true_accelerations,
)
from mrilib.sampling import Undersampling


def test_networks_differ_in_their_accelerations_only():
    every = arms(ACCELERATIONS)
    made = {name: spec for name, spec in every.items() if "steps" not in name}
    assert {name: spec.accelerations for name, spec in made.items()} == {
        "2-fold": (2,), "4-fold": (4,), "8-fold": (8,), "16-fold": (16,), MIXED: SEEN, "3-fold": (3,),
    }  # fmt: skip
    assert len({spec.digest for spec in made.values()}) == 6
    assert {tuple(spec.parts) for spec in made.values()} == {tuple((name, 3) for name in KNEES)}
    assert len({spec.recipe for spec in made.values()}) == 1
    assert all("pdfs" in name for name in KNEES)
    for length in (2, 4):
        for name, spec in made.items():
            longer = replace(spec.recipe, epochs=length * spec.recipe.epochs)
            assert every[trained(name, length)] == replace(spec, recipe=longer)


def test_every_network_is_tested_at_every_acceleration():
    found = study(ACCELERATIONS)
    assert {name: found.tests[name].acceleration for one in TESTED for name in at(one)} == {
        f"{name}, {folds(one)}": one for one in TESTED for name in KNEES
    }
    for mixed, other, one in comparisons().values():
        assert {mixed, other} <= set(found.arms)
        assert set(at(one)) <= set(found.tests)
    assert comparisons()["mixed_minus_2x_at_3x"] == (MIXED, "2-fold", UNSEEN)
    assert {arm for mixed, other, _ in comparisons(4).values() for arm in (mixed, other)} <= set(found.arms)


def test_a_doubling_that_moves_the_lead_by_its_interval_counts_as_one():
    found = study(ACCELERATIONS)
    scores = {trained(MIXED, 2): [0.5, 0.6], trained(MIXED, 4): [0.52, 0.62]}
    scores |= {trained("2-fold", 2): [0.5, 0.6], trained("2-fold", 4): [0.51, 0.60]}
    for arm, values in scores.items():
        for test in at(2):
            found._read[arm, test] = {"ssim": values}
    now = lead(found, 2, 4, 4)
    assert now.value == pytest.approx(0.015)
    assert lead_moves(found, 2, 4) == pytest.approx(0.015 / (0.5 * (now.high - now.low)))


def test_the_true_acceleration_counts_the_columns():
    found = true_accelerations((2, 16), 1)
    assert 1.6 < found[2] < 1.9  # 64 of 128 columns, and half of the 20 in the centre
    assert 11 < found[16] < 13  # 8 of 128, and 3 in the centre


def test_columns_that_were_never_acquired_do_not_count(tmp_path, monkeypatch):
    sampling = Undersampling(2, kind="equispaced")
    write_volume(tmp_path / "padded.h5", padded(), padding=(6, 42))
    slices = SliceDataset([(tmp_path / "padded.h5", 0)], sampling)
    monkeypatch.setattr(table_2, "slices_to_test", lambda *_: slices)
    measured = int(sampling.mask("padded.h5", 48)[..., 6:42].sum())
    assert true_accelerations((2,), 1, "files")[2] == pytest.approx(36 / measured)
    assert measured == int(slices[0].mask.sum())


def test_too_few_slices_are_refused():
    with pytest.raises(ValueError, match="2 slices cannot be shared by 3"):
        arms(replace(ACCELERATIONS, train_slices=2))


def test_the_rows_that_notebook_12_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    assert study(record("12")).missing == []
