"""A study trains what is missing, scores once, and compares on the same slices; pairs share nothing."""

import pytest

from mrilib.data.twins import SIXTEEN
from mrilib.experiments import study as studies
from mrilib.experiments.diverse import union
from mrilib.experiments.one_or_many import PAIRS, SKEW, arms, parts, shared_out
from mrilib.experiments.study import Study, TestSet
from mrilib.training import Recipe

TINY = {"name": "norm_unet", "chans": 2, "num_pool_layers": 2}
RECIPE = Recipe("ssim", epochs=1, learning_rate=1e-3, schedule="one_cycle", clip_norm=1.0, new_masks=True)


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    made = {"few": union("few", {"m4raw_gre": 1}, TINY, RECIPE), "more": union("more", {"m4raw_gre": 2}, TINY, RECIPE)}
    tests = {"gre": TestSet("m4raw_gre", 2), "gre, 8-fold": TestSet("m4raw_gre", 3, 8)}
    return Study("tiny", made, tests)


def test_networks_are_trained_and_scored_once(study, monkeypatch):
    assert study.missing == ["few", "more"]
    scores = {(arm, test): study.scores(arm, test) for arm in study.arms for test in study.tests}
    assert {key: len(values) for key, values in scores.items()} == {
        ("few", "gre"): 2, ("few", "gre, 8-fold"): 3, ("more", "gre"): 2, ("more", "gre, 8-fold"): 3,
    }  # fmt: skip
    assert study.missing == []
    monkeypatch.setattr(studies, "network", lambda *_: pytest.fail("trained again"))
    again = Study(study.name, study.arms, study.tests)
    assert {key: again.scores(*key) for key in scores} == scores
    assert all(again.table.find(key) for key in again.row_keys())


def test_other_conditions_are_other_rows(study):
    study.scores("few", "gre")
    assert Study("tiny", study.arms, study.tests, match="mean_std").missing == ["few", "more"]
    longer = {"few": union("few", {"m4raw_gre": 1}, TINY, Recipe(**{**RECIPE.card, "epochs": 2}))}
    assert Study("tiny", longer, {"gre": TestSet("m4raw_gre", 2)}).missing == ["few"]


def test_differences_are_paired(study):
    study._read.update(
        {
            ("few", "gre"): [0.5, 0.7],
            ("more", "gre"): [0.6, 0.8],
            ("few", "gre, 8-fold"): [0.1, 0.1, 0.1],
            ("more", "gre, 8-fold"): [0.2, 0.2, 0.2],
        }
    )
    found = study.difference("more", "few")
    assert (found.value, found.low, found.high, found.n) == (*[pytest.approx(0.1)] * 3, 5)
    assert study.mean("few", {"gre": None}).value == pytest.approx(0.6)
    assert study.over("more") == [0.6, 0.8, 0.2, 0.2, 0.2]


def test_pairs_part_the_sixteen_distributions():
    names = {part.name for part in SIXTEEN}
    for pair in (PAIRS["anatomy"], PAIRS["field"]):
        assert {*pair.p, *pair.q} == names
        assert not {*pair.p} & {*pair.q}
    contrast = PAIRS["contrast"]
    assert (len(contrast.p), len(contrast.q)) == (3, 3)
    assert not {*contrast.p} & {*contrast.q}


@pytest.mark.parametrize("pair", PAIRS)
def test_arms_differ_in_their_data_only(pair):
    made = arms(pair, 200, TINY, RECIPE)
    total = {arm: spec.train_slices for arm, spec in made.items()}
    assert total == {
        "P": 200, "Q": 200, "P and Q": 400, "half of P and Q": 200,
        "P and a tenth of Q": 220, "a tenth of P and Q": 220,
    }  # fmt: skip
    assert len({spec.digest for spec in made.values()}) == 6
    assert {(spec.recipe, str(spec.architecture)) for spec in made.values()} == {(RECIPE, str(TINY))}
    counts = parts(PAIRS[pair], 200)
    assert {name: counts["P and Q"][name] for name in PAIRS[pair].p} == counts["P"]
    assert sum(counts["P and a tenth of Q"][name] for name in PAIRS[pair].q) == 200 // SKEW


def test_slices_are_shared_out():
    assert shared_out(("a", "b", "c"), 8) == {"a": 3, "b": 3, "c": 2}
    with pytest.raises(ValueError, match="2 slices cannot be shared by 3"):
        shared_out(("a", "b", "c"), 2)
    with pytest.raises(ValueError, match="pair 'vendor': expected one of anatomy, contrast, field"):
        arms("vendor", 100, TINY, RECIPE)
    with pytest.raises(ValueError, match="cannot be shared"):
        arms("anatomy", 50, TINY, RECIPE)  # a tenth of it is less than one slice of each of ten
