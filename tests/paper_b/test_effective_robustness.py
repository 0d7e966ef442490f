"""Training sets differ in diversity only; P_best is chosen on validation slices; heights are above its line."""

from dataclasses import replace

import pytest
from records import record, section
from robust_scores import PARAMETERS, known

from mrilib.data.catalogue import distribution
from mrilib.paper_b.effective_robustness.experiment import (
    ALL,
    BEST,
    P_AND_Q,
    QUARTER,
    SETS,
    SHIFTS,
    SIZES,
    P,
    Robustness,
    Shift,
    arms,
    candidates,
)
from mrilib.paper_b.one_model_or_many import experiment as notebook_11
from mrilib.paper_b.pairs import Pair
from mrilib.paper_b.protocol import slices_to_test
from mrilib.paper_b.robustness import effective_robustness
from mrilib.running.parameters import networks_of


def test_the_shifts_are_the_papers():
    parts = {name: (len(shift.pair.p), len(shift.tested)) for name, shift in SHIFTS.items()}
    assert parts == {"anatomy": (6, 8), "contrast": (5, 5), "field": (7, 9), "coils": (6, 2)}
    assert {distribution(name).scan.coils for name in SHIFTS["coils"].pair.p} == {15}
    assert {distribution(name).scan.coils for name in SHIFTS["coils"].tested} == {4}
    assert all(not {*shift.pair.p} & {*shift.tested} for shift in SHIFTS.values())


@pytest.mark.parametrize("name", SHIFTS)
def test_training_sets_of_a_size_take_as_many_steps(name):
    made, slices = arms(name, PARAMETERS), PARAMETERS.train_slices
    alone = Robustness(name, PARAMETERS)
    alone.__dict__["best"] = SHIFTS[name].pair.p[0]
    for size, (fewer, shorter) in SIZES.items():
        best, p, both = (alone.study.arms[f"{trained}, {size}"] for trained in SETS)
        assert [one.train_slices for one in (best, p, both)] == [slices // fewer, slices // fewer, 2 * slices // fewer]
        assert {one.recipe.epochs for one in (best, p, both)} == {6 // shorter}
        assert list(best.lists) == [alone.best]
        assert p.lists.items() <= both.lists.items()
        assert p == made[f"P, {size}"]
    assert alone.study.arms[f"{BEST}, {QUARTER}"] == candidates(name, PARAMETERS)[alone.best]


def test_networks_of_notebook_11_are_used_again():
    for name, pair in (("anatomy", "anatomy"), ("field", "field"), ("coils", "anatomy")):
        theirs, ours = notebook_11.arms(record("11", pair=pair)), arms(name, record("12"))
        assert [theirs[side].digest for side in ("P", "P and Q")] == [ours[f"{s}, {ALL}"].digest for s in (P, P_AND_Q)]


def test_the_choice_is_made_on_validation_slices():
    found = Robustness("coils", PARAMETERS)
    assert {test.split for test in found.selection.tests.values()} == {"validation"}
    scores = dict.fromkeys(found.selection.arms, 0.5) | {"fm_knee_pdfs_skyra": 0.6}
    found.selection._read.update(
        {(arm, test): {"ssim": [value] * 2} for arm, value in scores.items() for test in found.selection.tests}
    )
    assert found.best == "fm_knee_pdfs_skyra"
    assert {test.split for test in found.study.tests.values()} == {"test"}
    assert (found.study.match, Robustness("field", PARAMETERS).selection.match) == ("mean_std", None)


def test_heights_are_above_the_line_of_the_best():
    found = known()
    assert found.gain(P).value == pytest.approx(0.02)
    assert found.gain(P_AND_Q).value == pytest.approx(0.05)
    assert found.gain(P) == effective_robustness(found.models(BEST), found.models(P))
    assert found.lead().value == pytest.approx(0.02 + 0.5 * 0.01)
    assert list(found.tested) == list(SHIFTS["coils"].tested)


def test_tiny_networks_are_trained_chosen_and_scored(tmp_path, monkeypatch):
    pair = Pair("tiny", ("m4raw_t1", "m4raw_t2"), ("m4raw_gre",))
    monkeypatch.setitem(SHIFTS, "tiny", Shift("tiny", "tiny", pair, pair.q))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    tiny = replace(PARAMETERS, train_slices=8, epochs=1)
    found = Robustness("tiny", tiny)
    assert not found.stored
    assert found.best in pair.p
    assert len(found.study.over(f"{BEST}, {QUARTER}", found.tested)) == 2
    monkeypatch.setattr("mrilib.paper_b.study.network", lambda *_: pytest.fail("trained again"))
    assert Robustness("tiny", tiny).best == found.best


def test_the_choice_sees_no_test_slice():
    validation, test = (
        {path for path, _ in slices_to_test("m4raw_gre", 2, split=split).slices} for split in ("validation", "test")
    )
    assert not validation & test


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="shift 'vendor': expected one of anatomy, contrast, field, coils"):
        arms("vendor", PARAMETERS)
    with pytest.raises(ValueError, match="cannot be shared"):
        arms("field", replace(PARAMETERS, train_slices=20))
    with pytest.raises(ValueError, match="parts of 'only_fm_knee_pd_aera'"):
        candidates("anatomy", replace(PARAMETERS, train_slices=3))


def test_the_notebook_names_its_networks():
    found = networks_of(section("12"), PARAMETERS)
    assert len(found) == len({spec.digest for spec in found}) == 13 + 3 * 6 + 3 * 6 + 6


def test_the_rows_that_notebook_12_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    found = [Robustness(name, record("12")) for name in SHIFTS]
    assert all(one.stored and one.longer.stored for one in found)
