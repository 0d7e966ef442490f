"""Curves of the true score during training: what they hold, and that looking changes nothing."""

from dataclasses import replace

import pytest
from test_networks import SPEC, small_world  # noqa: F401 (the fixture is used)

from mrilib.experiments.learning_curve import curve_key, curve_points, curves, learning_curve, stored_curve
from mrilib.gap import bootstrap_mean
from mrilib.networks import dataset, network, ssim_without_ttt

SELF = replace(SPEC, recipe=replace(SPEC.recipe, loss="self"))


def test_a_curve_ends_where_training_ends():
    row = learning_curve(SELF, 2)
    assert len(row["ssim"]) == SELF.recipe.epochs + 1
    assert len(row["loss"]) == SELF.recipe.epochs
    scores = ssim_without_ttt(network(SELF), dataset("tiny", "validation", 2, 2))
    assert row["ssim"][-1] == pytest.approx(scores, abs=1e-6), "watching changes nothing"
    assert row["ssim"][0] != row["ssim"][-1]


def test_progress_is_told():
    steps = []
    learning_curve(SELF, 1, progress=lambda step, total, loss: steps.append((step, total)))
    assert steps == [(step, 6) for step in range(1, 7)]


def test_a_curve_is_kept_and_found(monkeypatch):
    row, where = stored_curve(SELF, 2)
    assert where == "computed on this machine"
    monkeypatch.setattr("mrilib.experiments.learning_curve.fit", lambda *_, **__: pytest.fail("trained again"))
    assert stored_curve(SELF, 2) == (row, where)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        stored_curve(SELF, 2, recompute=True)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        stored_curve(SELF, 1)
    other = replace(SELF, recipe=replace(SELF.recipe, seed=5))
    assert curves(2).find(curve_key(other)) is None


def test_points_carry_the_interval():
    points = curve_points("ViT", [[0.1, 0.3], [0.5, 0.5]])
    assert [point["epoch"] for point in points] == [0, 1]
    assert points[0] == {"network": "ViT", "epoch": 0} | vars(bootstrap_mean([0.1, 0.3]))
    assert points[1]["low"] == points[1]["high"] == 0.5
