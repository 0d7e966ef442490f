"""Mixtures of P and Q: which slices, batches of one side, the same bits after a kill, and what a mixture brings."""

import signal
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from records import record
from tiny_slices import tiny_model, tiny_sample, tiny_scan, weights

from mrilib.data import catalogue
from mrilib.data.catalogue import SHIFTS, Shift
from mrilib.paper_a.mixtures.sweep import COEFFICIENTS, Mixed, Mixtures, MixtureSpec, Outcome, points, sides
from mrilib.train import networks
from mrilib.train.networks import cache_path, network, stored
from mrilib.train.recipe import Recipe
from mrilib.train.training import TrainingInterrupted, fit

PARAMETERS = {"train_slices": 4, "epochs": 2, "batch_size": 2, "chans": 4, "num_pool_layers": 2, "seed": 3}


def experiment(shift):
    return replace(record("04", **PARAMETERS).experiment, shift=shift)


@pytest.fixture
def small_world(tmp_path, monkeypatch):
    """Two distributions whose slices cannot share a batch, an empty cache, nothing shipped."""
    knee = catalogue.distribution("knee_pd")
    brain = replace(knee, name="tiny_q", scan=tiny_scan("brain", coils=3, matrix=(40, 80)))
    monkeypatch.setitem(
        catalogue.DISTRIBUTIONS, "tiny_p", replace(knee, name="tiny_p", scan=tiny_scan(matrix=(32, 80)))
    )
    monkeypatch.setitem(catalogue.DISTRIBUTIONS, "tiny_q", brain)
    monkeypatch.setitem(SHIFTS, "tiny", Shift("tiny", "tiny_p", "tiny_q", 4, 2))
    monkeypatch.setitem(SHIFTS, "tiny_acceleration", Shift("tiny_acceleration", "tiny_p", "tiny_p", 4, 2))
    monkeypatch.setattr(networks, "VALIDATION_SLICES", 2)
    monkeypatch.setattr(networks, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache"))


def from_q(coefficient, slices=240, seed=0):
    return {item for item, side in enumerate(sides(slices, coefficient, seed)) if side == "Q"}


def test_the_share_is_met_and_larger_mixtures_hold_the_smaller_ones():
    chosen = [from_q(coefficient) for coefficient in COEFFICIENTS]
    assert [len(items) for items in chosen] == [0, 60, 120, 180, 240]
    assert all(small < large for small, large in pairwise(chosen))
    assert from_q(0.25) == from_q(0.25)
    assert from_q(0.25) != from_q(0.25, seed=1)


def test_the_choice_is_spread_over_the_list():
    assert 15 <= len({item for item in from_q(0.25) if item < 120}) <= 45


@pytest.mark.parametrize(
    ("coefficient", "slices", "message"),
    [
        (-0.1, 8, r"coefficient -0.1: expected the share of Q, 0 to 1"),
        (1.5, 8, "expected the share of Q, 0 to 1"),
        (float("nan"), 8, "expected the share of Q, 0 to 1"),
        (0.05, 8, "none of 8 train_slices is from Q; use more"),
        (0.95, 8, "is from P"),
    ],
)
def test_a_share_that_cannot_be_is_refused(coefficient, slices, message):
    with pytest.raises(ValueError, match=message):
        sides(slices, coefficient)
    with pytest.raises(ValueError, match=message):
        Mixtures(replace(experiment("anatomy"), train_slices=slices), 2).spec(coefficient)


@pytest.mark.parametrize("shift", [name for name in SHIFTS if not name.startswith("tiny")])
def test_both_ends_are_the_supervised_networks_of_the_package(shift):
    quick = record("03").experiments[shift]
    mixtures = Mixtures(quick, 12)
    for coefficient, side in ((0, "P"), (1, "Q")):
        spec = mixtures.spec(coefficient)
        assert spec == quick.spec("supervised", side)
        assert stored(spec) is not None
    digests = {mixtures.spec(coefficient).digest for coefficient in COEFFICIENTS}
    assert len(digests) == len(COEFFICIENTS)


def test_the_papers_lists_give_as_many_slices_at_every_coefficient():
    mixtures = Mixtures(replace(experiment("anatomy"), train_slices=0), 0)
    assert {mixtures.spec(coefficient).train_slices for coefficient in COEFFICIENTS} == {310}


def test_slices_come_from_the_side_that_was_chosen():
    lists = {"P": ["p0", "p1", "p2"], "Q": ["q0", "q1", "q2"]}
    mixed = Mixed(lists, ["P", "Q", "P"])
    assert [mixed[item] for item in range(len(mixed))] == ["p0", "q1", "p2"]


def test_mixing_accelerations_takes_each_patient_once(small_world):
    slices = Mixtures(experiment("tiny_acceleration"), 2).spec(0.5).training_slices()
    samples = [slices[item] for item in range(len(slices))]
    assert len({sample.names for sample in samples}) == 4
    shares = {side: [] for side in "PQ"}
    for side, sample in zip(slices.chosen, samples, strict=True):
        shares[side].append(sample.mask.float().mean().item())
    assert max(shares["P"]) < min(shares["Q"])


def test_batches_hold_slices_of_one_side_and_every_slice_once():
    recipe, kinds = Recipe(batch_size=4, seed=5), sides(50, 0.3)
    for epoch in range(3):
        batches = recipe.batches(50, epoch, kinds)
        assert sorted(item for batch in batches for item in batch) == list(range(50))
        assert all(len({kinds[item] for item in batch}) == 1 for batch in batches)
        assert sorted(len(batch) for batch in batches) == [3, 3] + [4] * 11
    order = [kinds[batch[0]] for batch in recipe.batches(50, 0, kinds)]
    assert order not in (sorted(order), sorted(order, reverse=True)), "sides take turns"
    assert recipe.batches(50, 1, ["P"] * 50) == recipe.batches(50, 1)
    with pytest.raises(ValueError, match="kinds: expected one for each of 50 slices, got 49"):
        recipe.batches(50, 0, kinds[:49])


def test_a_stopped_training_on_a_mixture_goes_on_to_the_same_bits(tmp_path):
    slices = [tiny_sample(0), tiny_sample(1, coils=3), tiny_sample(2), tiny_sample(3, coils=3)]
    recipe, kinds = Recipe(epochs=3, learning_rate=1e-3, batch_size=2), ["P", "Q", "P", "Q"]
    whole, parts, checkpoint = tiny_model(), tiny_model(), tmp_path / "net.checkpoint"
    losses = fit(whole, slices, recipe, kinds=kinds)

    def interrupted(step, *_):
        if step == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(TrainingInterrupted):
        fit(parts, slices, recipe, kinds=kinds, checkpoint=checkpoint, progress=interrupted)
    with pytest.raises(ValueError, match="another recipe or list"):
        fit(tiny_model(), slices, recipe, kinds=["Q", "P", "Q", "P"], checkpoint=checkpoint)
    assert fit(parts, slices, recipe, kinds=kinds, checkpoint=checkpoint) == losses
    assert torch.equal(weights(parts), weights(whole))


def test_a_mixture_is_trained_once_and_scored_on_both_sides(small_world, monkeypatch):
    mixtures = Mixtures(experiment("tiny"), 2)
    scores = mixtures.scores(0.5)
    assert {side: len(column) for side, column in scores.items()} == {"P": 2, "Q": 2}
    spec = mixtures.spec(0.5)
    assert isinstance(spec, MixtureSpec)
    assert stored(spec) == cache_path(spec)
    assert torch.equal(weights(network(spec)), weights(network(spec)))
    for end in (0, 1):
        mixtures.scores(end)
    monkeypatch.setattr(networks, "fit", lambda *_, **__: pytest.fail("trained again"))
    assert mixtures.scores(0.5) == scores
    assert mixtures.scores(0.5, recompute=True) == scores
    assert list(mixtures.sweep(COEFFICIENTS)) == [0.0, 0.5, 1.0], "what would have to be trained is left out"
    with pytest.raises(BaseException, match="trained again"):
        mixtures.sweep(COEFFICIENTS, train_missing=True)


def test_the_key_of_a_row_changes_with_whatever_decides_it():
    mixtures = Mixtures(experiment("anatomy"), 2)
    others = [
        Mixtures(experiment("modality"), 2),
        Mixtures(replace(experiment("anatomy"), recipe=Recipe(loss="supervised", seed=9)), 2),
        Mixtures(replace(experiment("anatomy"), train_slices=8), 2),
        Mixtures(experiment("anatomy"), 3),
    ]
    keys = [other.key(0.5) for other in (mixtures, *others)] + [mixtures.key(0.25)]
    assert all(keys.count(key) == 1 for key in keys)


@pytest.mark.parametrize(
    ("shift", "coefficients"),
    [(shift, (0.0, 1.0)) for shift in SHIFTS]
    + [(shift, (0.25,)) for shift in ("anatomy", "modality", "dataset", "acceleration")],
)
def test_the_package_holds_rows_of_the_quick_experiment(shift, coefficients, tmp_path, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    quick = Mixtures(record("03").experiments[shift], record("03").test_slices)
    for coefficient in coefficients:
        entry = quick.table.find(quick.key(coefficient))
        assert entry is not None, "made with other settings or data: run notebook 03 with train_missing and ship it"
        assert all(len(column) == 12 and all(0 < x < 1 for x in column) for column in entry["row"].values())


def flat(p, q):
    """Scores with a little spread between slices."""
    return {side: [level - 0.01, level, level + 0.01] for side, level in (("P", p), ("Q", q))}


@pytest.mark.parametrize(
    ("p", "q", "gained", "kept", "corner"),
    [(0.90, 0.85, 1.0, 1.0, True), (0.88, 0.83, 0.8, 0.9, True), (0.80, 0.80, 0.5, 0.5, False)],
)
def test_the_corner_of_an_l_is_told_from_a_straight_line(p, q, gained, kept, corner):
    """P alone scores 0.90 and 0.75, Q alone 0.70 and 0.85."""
    outcome = Outcome(flat(p, q), flat(0.90, 0.75), flat(0.70, 0.85))
    assert outcome.gained.interval.value == pytest.approx(gained)
    assert outcome.kept.interval.value == pytest.approx(kept)
    assert outcome.lost.value == pytest.approx(0.90 - p)
    assert outcome.is_corner == corner
    assert outcome.verdict == ("the L-shaped path appears" if corner else "the L-shaped path does not clearly appear")


def test_without_a_gap_there_is_no_corner():
    outcome = Outcome(flat(0.9, 0.8), flat(0.9, 0.8), flat(0.9, 0.8))
    assert outcome.gained.interval is None
    assert "gap of 0" in outcome.gained.reason
    assert not outcome.is_corner
    assert outcome.verdict == "no L-shaped path can appear, as there is no gap on Q"


def test_points_are_in_order_of_the_coefficient_with_intervals_both_ways():
    found = points({1.0: flat(0.7, 0.85), 0.0: flat(0.9, 0.75)})
    assert [point["coefficient"] for point in found] == [0.0, 1.0]
    assert found[0]["x"] == pytest.approx(0.90)
    assert found[0]["y"] == pytest.approx(0.75)
    assert all(p["x_low"] < p["x"] < p["x_high"] and p["y_low"] < p["y"] < p["y_high"] for p in found)


def test_a_point_of_one_slice_has_no_interval():
    (alone,) = points({0.0: {"P": [0.9], "Q": [0.75]}})
    ends = dict.fromkeys(("x_low", "x_high", "y_low", "y_high"))
    assert alone == {"coefficient": 0.0, "x": 0.9, "y": 0.75} | ends


@pytest.mark.notebook
@pytest.mark.parametrize("shift", ["anatomy", "dataset"])
def test_a_sampled_row_of_the_stored_table_comes_out_the_same(shift):
    """The ends need no training; notebook 03 does the same for a mixture with `recompute`."""
    mixtures = Mixtures(record("03").experiments[shift], record("03").test_slices)
    row = mixtures.table.find(mixtures.key(1.0))["row"]
    fresh = mixtures.measure(1.0)
    for side in "PQ":
        assert fresh[side] == pytest.approx(row[side], abs=2e-4), "machines round differently"
