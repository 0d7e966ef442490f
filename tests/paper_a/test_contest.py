"""A contest: rates are chosen on validation slices, scored on test slices, and rows are computed once."""

from dataclasses import replace

import pytest
import torch
from tiny_slices import tiny_model, tiny_sample, weights

from mrilib.paper_a.zero_shot_and_untrained import contest as contests
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest, Method, as_row, climb, spread, trained, untrained
from mrilib.paper_a.zero_shot_and_untrained.untrained import random_network
from mrilib.paper_a.zero_shot_and_untrained.zero_shot import ZeroShotSettings, adapt_zero_shot
from mrilib.store.tables import StoredTable
from mrilib.train.adaptation import adapt
from mrilib.train.networks import NetworkSpec
from mrilib.train.recipe import Recipe
from mrilib.ttt import Settings

TTT = Settings(max_iterations=4, window=1)
ZS_SSL = ZeroShotSettings(max_epochs=1, splits=1)
UNROLLED = {"name": "unrolled", "num_unrolls": 1, "num_blocks": 1, "features": 4, "cg_iterations": 2}
RATES = (1e-4, 3e-3)


@pytest.fixture(scope="module")
def slices():
    return [tiny_sample(patient) for patient in range(3)]


@pytest.fixture
def contest(slices, tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))
    methods = {"ttt": Method(tiny_model(), TTT, {"network": "tiny"}), "zs": untrained(UNROLLED, ZS_SSL)}
    table = StoredTable("tiny", {}, (), shipped=tmp_path)
    return Contest(methods, table, RATES, slices[:1], slices[1:], machine="a machine")


def test_settings_say_which_method_it_is(slices):
    sample = slices[0]
    for settings, run in ((TTT, adapt), (ZS_SSL, adapt_zero_shot)):
        network = tiny_model()
        ours = Method(network, settings, {}).adapt([sample], 3e-3)[0]
        theirs = run(network, [sample], replace(settings, learning_rate=3e-3))[0]
        assert torch.equal(ours.record.image, theirs.record.image)
        assert ours.ssim == theirs.ssim


def test_a_start_is_told_by_what_made_it(monkeypatch):
    spec = NetworkSpec("knee_pd", 4, Recipe(loss="supervised", epochs=1), {"name": "unet", "chans": 4})
    monkeypatch.setattr(contests, "trained_network", lambda spec, device: tiny_model())
    from_p = trained(spec, TTT)
    assert from_p.key(1e-4) == {"network": spec.name, "digest": spec.digest, **replace(TTT, learning_rate=1e-4).card}
    one, two = untrained(UNROLLED, ZS_SSL), untrained(UNROLLED, replace(ZS_SSL, seed=1))
    assert one.key(1e-4) != two.key(1e-4)
    assert not torch.equal(weights(one.network), weights(two.network))
    assert torch.equal(weights(one.network), weights(random_network(UNROLLED, 0)))


def test_the_rate_is_the_best_on_validation_slices(contest):
    for name in contest.methods:
        tried = contest.on_validation(name)
        assert set(tried) == set(RATES)
        assert tried[contest.rate(name)] == max(tried.values())


@pytest.mark.parametrize(
    ("scores", "tried"),
    [
        ((1, 2, 3, 4), (1, 2, 3)),  # from the second upwards to the end
        ((4, 3, 2, 1), (0, 1, 2)),  # above is worse, below is better
        ((1, 3, 2, 9), (0, 1, 2)),  # a maximum with both neighbours; what lies behind the valley is not looked for
        ((1, 1, 1, 1), (0, 1, 2)),
    ],
)
def test_rates_are_climbed_from_the_middle(scores, tried):
    rates = (1e-4, 1e-3, 1e-2, 1e-1)
    found = climb(rates[::-1], lambda rate: scores[rates.index(rate)])
    assert found == {rates[n]: scores[n] for n in tried}
    assert climb(rates[:1], lambda rate: 0.5) == {1e-4: 0.5}


def test_test_slices_are_scored_at_that_rate_only(contest, slices, monkeypatch):
    for name, method in contest.methods.items():
        row = contest.on_test(name)
        expected = as_row(method.adapt(slices[1:], contest.rate(name)))
        assert {key: row[key] for key in ("slices", "ssim", "iterations", "chosen_at")} == {
            key: expected[key] for key in ("slices", "ssim", "iterations", "chosen_at")
        }
        assert row["machine"] == "a machine"
        with monkeypatch.context() as patch:
            patch.setattr(contests, "adapt", None)  # whose cache would answer
            assert contest.live(name, 1).ssim == pytest.approx(row["ssim"][1], abs=1e-6)
    tried = sum(len(contest.on_validation(name)) for name in contest.methods)
    rows = contest.rows()
    assert len(rows) == tried + len(contest.methods) + len(contest.curved)
    kept = [row for row in rows if "split" not in row.key or "iterations" not in row.key]
    assert all(contest.table.find(row.key) is not None for row in kept)


def test_rows_are_computed_once(contest, monkeypatch):
    first = contest.on_test("ttt")
    monkeypatch.setattr(Method, "adapt", None)
    assert contest.on_test("ttt") == first
    assert replace(contest, _read={}).on_test("ttt") == first, "from the table"
    again = replace(contest, _read={}, recompute=True)
    with pytest.raises(TypeError):
        again.on_test("ttt")


def test_what_fits_in_the_time(contest, monkeypatch):
    seconds = {"ttt": [3.0, 9.0], "zs": [2.0, 8.0]}
    monkeypatch.setattr(Contest, "on_test", lambda self, name: {"seconds": seconds[name]})
    assert contest.affordable(5.0, 0) == ["zs", "ttt"]
    assert contest.affordable(10.0, 1) == ["zs"]
    assert contest.affordable(1.0, 0) == []
    assert spread([3.0, 1.0, 2.0]) == "2.0 [1.0, 3.0]"
    assert spread([30, 10, 22], 0) == "22 [10, 30]"


def test_a_curve_runs_past_the_stop(contest):
    row = contest.curve("ttt", 1, (0, 2, 3, 9))
    assert row["iterations"] == [0, 2, 3]
    assert [len(scores) for scores in row["ssim"]] == [3]
    assert contest.table.find(contest._curve("ttt", 1, (0, 2, 3, 9)).key)["row"] == row
    with pytest.raises(ValueError, match="for test-time training only"):
        contest.curve("zs", 1, (0, 2))
