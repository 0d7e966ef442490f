"""Training sets that are compared have as many slices; differences are over the same test slices."""

from dataclasses import replace

import numpy as np
import pytest
from records import record
from robust_scores import PARAMETERS, known_likeness

from mrilib.paper_b.effective_robustness.experiment import QUARTER, SHIFTS, P, Shift, arms, candidates
from mrilib.paper_b.effective_robustness.likeness import DRAWS, LIKENED, PATCH, Likeness, Q, likenesses
from mrilib.paper_b.effective_robustness.nearest import nearest_similarity, patch
from mrilib.paper_b.pairs import Pair


def test_all_sets_have_as_many_slices():
    one = Likeness("contrast", PARAMETERS)
    assert {name: sum(taken.values()) for name, taken in one.lists.items()} == dict.fromkeys(
        [*SHIFTS["contrast"].pair.p, P, Q], PARAMETERS.train_slices // 4
    )
    assert one.networks == candidates("contrast", PARAMETERS) | {P: arms("contrast", PARAMETERS)[f"{P}, {QUARTER}"]}
    assert {test.split for test in one.study.tests.values()} == {"test"}


def test_the_varnets_see_what_the_u_nets_see():
    one = Likeness("contrast", PARAMETERS)
    assert one.of_varnet.lists == one.lists
    assert [row.key for row in one.of_varnet.rows()] == [row.key for row in one.rows()]
    wanted = {"name": "e2e_varnet", "chans": PARAMETERS.varnet_chans}
    wanted |= {name: getattr(PARAMETERS, name) for name in ("num_cascades", "sens_chans", "num_pool_layers")}
    assert all(spec.architecture == wanted for spec in one.of_varnet.networks.values())


def test_rows_follow_features_and_slices():
    one, other = Likeness("contrast", PARAMETERS), Likeness("contrast", replace(PARAMETERS, test_slices=3))
    assert len({str(row.key) for row in one.rows()}) == 7
    assert one.key(P) != other.key(P)
    assert one.table.settings != Likeness("contrast", PARAMETERS, features="patch").table.settings


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    pair = Pair("tiny", ("m4raw_t1", "m4raw_t2"), ("m4raw_gre",))
    monkeypatch.setitem(SHIFTS, "tiny", Shift("tiny", "tiny", pair, pair.q))
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    return Likeness("tiny", replace(PARAMETERS, train_slices=8), features="patch")


def test_similarities_are_those_of_the_targets(tiny, monkeypatch):
    found = tiny.similarities(Q)
    train, test = tiny._images("train", {"m4raw_gre": 2}), tiny._images("test", {"m4raw_gre": 2})
    draws = [nearest_similarity(train, test, patch, PATCH, seed=seed).numpy() for seed in range(DRAWS)]
    np.testing.assert_allclose(found, np.mean(draws, 0), atol=1e-6)
    assert np.std(draws, 0).max() > 1e-3, "they do differ"
    assert len(train) == len(test) == 2, "no two slices have one name"
    assert not any(np.array_equal(one, other) for one in train.values() for other in test.values())
    module = "mrilib.paper_b.effective_robustness.likeness"
    monkeypatch.setattr(f"{module}.nearest_similarity", lambda *_: pytest.fail("embedded again"))
    assert Likeness("tiny", tiny.p, features="patch").similarities(Q) == found
    assert not tiny.stored


def test_what_rises_together_is_correlated(tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    one = known_likeness()
    assert one.correlation().value == pytest.approx(1)
    assert one.correlation().n == len(one.networks), "sets are the sample"
    assert one.nearer().value == pytest.approx(0.01)
    near, good = one.diversity()
    assert (near.value, good.value) == (pytest.approx(0.03), pytest.approx(0.06))


def test_features_without_stored_rows_or_weights_are_left_out(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    monkeypatch.setenv("MRILIB_DATA", str(tmp_path))
    assert list(likenesses(record("12"))) == ["vgg", "patch"], "their rows come with the package"
    assert list(likenesses(replace(record("12"), test_slices=1))) == ["patch"]
    monkeypatch.setattr("mrilib.paper_b.effective_robustness.likeness.available", lambda: True)
    assert list(likenesses(replace(record("12"), test_slices=1))) == ["vgg", "patch"]


def test_unknown_features_are_refused():
    with pytest.raises(ValueError, match="features 'clip': expected one of vgg, patch"):
        Likeness("contrast", PARAMETERS, features="clip")


def test_the_rows_that_notebook_12_reads_come_with_the_package(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    for name in LIKENED:
        assert all(Likeness(name, record("12"), features=kind).stored for kind in ("vgg", "patch"))
    assert Likeness("contrast", record("12")).of_varnet.stored
