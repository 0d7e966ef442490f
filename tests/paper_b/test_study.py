"""A study trains what is missing, scores once, and compares on the same slices; pairs share nothing."""

from dataclasses import replace
from itertools import product

import pytest
from records import record

from mrilib.data.twins import SIXTEEN
from mrilib.paper_b.one_model_or_many.experiment import (
    SKEW,
    arms,
    comparisons,
    moves,
    others,
    pairs,
    parts,
    study,
    trained,
)
from mrilib.paper_b.pairs import PAIRS, shared_out
from mrilib.paper_b.protocol import paper_b, union
from mrilib.paper_b.study import Study, TestSet
from mrilib.paper_b.trainings import SEEDS, Trainings
from mrilib.train.recipe import Recipe

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
RECIPE = paper_b(1)


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    made = {"few": union("few", {"m4raw_gre": 1}, TINY, RECIPE), "more": union("more", {"m4raw_gre": 2}, TINY, RECIPE)}
    tests = {"gre": TestSet("m4raw_gre", 2), "gre, 8-fold": TestSet("m4raw_gre", 3, 8)}
    return Study("tiny", made, tests)


def test_networks_are_trained_and_scored_once(tiny, monkeypatch):
    assert tiny.missing == ["few", "more"]
    scores = {(arm, test): tiny.scores(arm, test) for arm in tiny.arms for test in tiny.tests}
    assert {key: len(values) for key, values in scores.items()} == {
        ("few", "gre"): 2, ("few", "gre, 8-fold"): 3, ("more", "gre"): 2, ("more", "gre, 8-fold"): 3,
    }  # fmt: skip
    assert tiny.missing == []
    monkeypatch.setattr("mrilib.paper_b.study.network", lambda *_: pytest.fail("trained again"))
    again = Study(tiny.name, tiny.arms, tiny.tests)
    assert {key: again.scores(*key) for key in scores} == scores
    assert all(row.table.find(row.key) for row in again.rows())


def test_other_conditions_are_other_rows(tiny):
    tiny.scores("few", "gre")
    assert Study("tiny", tiny.arms, tiny.tests, match="mean_std").missing == ["few", "more"]
    longer = {"few": union("few", {"m4raw_gre": 1}, TINY, Recipe(**{**RECIPE.card, "epochs": 2}))}
    assert Study("tiny", longer, {"gre": TestSet("m4raw_gre", 2)}).missing == ["few"]


def test_differences_are_paired(tiny):
    tiny._read.update(
        {
            ("few", "gre"): {"ssim": [0.5, 0.7]},
            ("more", "gre"): {"ssim": [0.6, 0.8]},
            ("few", "gre, 8-fold"): {"ssim": [0.1, 0.1, 0.1]},
            ("more", "gre, 8-fold"): {"ssim": [0.2, 0.2, 0.2]},
        }
    )
    found = tiny.difference("more", "few")
    assert (found.value, found.low, found.high, found.n) == (*[pytest.approx(0.1)] * 3, 5)
    assert tiny.mean("few", {"gre": None}).value == pytest.approx(0.6)
    assert tiny.over("more") == [0.6, 0.8, 0.2, 0.2, 0.2]


def test_pairs_part_the_sixteen_distributions():
    names = {part.name for part in SIXTEEN}
    for pair in (PAIRS["anatomy"], PAIRS["field"]):
        assert {*pair.p, *pair.q} == names
        assert not {*pair.p} & {*pair.q}
    contrast = PAIRS["contrast"]
    assert (len(contrast.p), len(contrast.q)) == (3, 3)
    assert not {*contrast.p} & {*contrast.q}


PARAMETERS = record("11", train_slices=200, test_slices=2, chans=2, num_pool_layers=2, epochs=1)


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("skewed", [False, True])
def test_arms_differ_in_their_data_only(pair, skewed):
    made = arms(replace(PARAMETERS, pair=pair, skewed=skewed))
    total = {arm: spec.train_slices for arm, spec in made.items()}
    other = {"tenth of P": 20, "Q and a tenth of P": 220, "tenth of Q": 20, "P and a tenth of Q": 220}
    assert total == {"P": 200, "Q": 200} | (other if skewed else {"P and Q": 400, "half of P and Q": 200})
    assert len({spec.digest for spec in made.values()}) == len(made)
    assert {(spec.recipe, str(spec.architecture)) for spec in made.values()} == {(RECIPE, str(TINY))}
    counts = parts(PAIRS[pair], 200, skewed)
    if skewed:
        assert sum(counts["P and a tenth of Q"][name] for name in PAIRS[pair].q) == 200 // SKEW
    else:
        assert {name: counts["P and Q"][name] for name in PAIRS[pair].p} == counts["P"]


def test_a_pair_is_tested_on_all_its_distributions():
    found = study(replace(PARAMETERS, pair="contrast"))
    assert {one.distribution for one in found.tests.values()} == {*PAIRS["contrast"].p, *PAIRS["contrast"].q}
    assert {one.slices for one in found.tests.values()} == {2}


def test_slices_are_shared_out():
    assert shared_out(("a", "b", "c"), 8) == {"a": 3, "b": 3, "c": 2}
    with pytest.raises(ValueError, match="2 slices cannot be shared by 3"):
        shared_out(("a", "b", "c"), 2)
    with pytest.raises(ValueError, match=r"pair: expected Literal\['anatomy', 'contrast', 'field'\], got 'vendor'"):
        replace(PARAMETERS, pair="vendor")
    with pytest.raises(ValueError, match="cannot be shared"):
        arms(replace(PARAMETERS, train_slices=50, skewed=True))  # a tenth of it: less than a slice of each of ten


@pytest.mark.parametrize("skewed", [False, True])
def test_comparisons_name_arms_and_sides_that_exist(skewed):
    made = arms(replace(PARAMETERS, skewed=skewed))
    for arm, other, side in comparisons(skewed).values():
        assert {arm, other} <= set(made)
        assert side in PAIRS["anatomy"].sides


def test_each_difference_moves_as_its_own_networks_do():
    p = replace(PARAMETERS, pair="contrast")
    before, after = study(p), study(p.twice_as_long)
    assert {spec.recipe.epochs for spec in after.arms.values()} == {2}
    for found, half in ((before, 0.5), (after, 0.52)):
        for (place, arm), test in product(enumerate(found.arms), found.tests):
            value = half if arm == "half of P and Q" and test in PAIRS["contrast"].q else 0.5
            found._read[arm, test] = {"ssim": [value, value + 0.01 * place]}
    moved = moves(Trainings([before]), after, PAIRS["contrast"].sides)
    assert moved.keys() == comparisons().keys()
    still = {key for key, value in moved.items() if value == pytest.approx(0, abs=1e-9)}
    assert {"half_minus_joint_q", "half_minus_q"} <= moved.keys() - still
    assert {"joint_minus_p", "joint_minus_q", "half_minus_joint_p"} <= still


def test_other_networks_differ_from_the_experiment_in_one_thing():
    made = {name: study(given) for name, given in others(replace(PARAMETERS, pair="field")).items()}
    assert made["vit"].arms["P"].architecture["name"] == "norm_vit"
    assert made["half_width"].arms["P"].architecture["chans"] == 1
    assert made["quarter"].arms["P"].train_slices == 50
    assert all(set(one.tests) == {*PAIRS["anatomy"].p, *PAIRS["anatomy"].q} for one in made.values())
    assert "quarter" not in others(replace(PARAMETERS, train_slices=79))


def test_the_rows_that_notebook_11_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    for pair, skewed in product(PAIRS, (False, True)):
        assert study(record("11", pair=pair, skewed=skewed)).missing == []
    for name, given in others(record("11")).items():
        assert study(given).missing == [], name
    for name, given in pairs(record("11")).items():
        assert len(trained(given).studies) == len(SEEDS), name
        assert study(given.twice_as_long).missing == [], name
