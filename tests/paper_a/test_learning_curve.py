"""Curves of the true score during training: what they hold, and that looking changes nothing."""

from dataclasses import replace

import pytest
from tiny_networks import SPEC, small_world  # noqa: F401 (the fixture is used)

from mrilib.gap import mean_interval
from mrilib.paper_a.transformers.learning_curve import curve_points, curves, learning_curve, stored_curve
from mrilib.store.tables import origin
from mrilib.train.networks import dataset, network, ssim_without_ttt

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
    row = stored_curve(SELF, 2).read()
    assert origin([stored_curve(SELF, 2)]) == "computed on this machine"
    monkeypatch.setattr("mrilib.train.watched.fit", lambda *_, **__: pytest.fail("trained again"))
    assert stored_curve(SELF, 2).read() == row
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        stored_curve(SELF, 2).read(recompute=True)
    with pytest.raises(pytest.fail.Exception, match="trained again"):
        stored_curve(SELF, 1).read()
    other = replace(SELF, recipe=replace(SELF.recipe, seed=5))
    assert curves(2).find(stored_curve(other, 2).key) is None


def test_points_carry_the_interval():
    points = curve_points("ViT", [[0.1, 0.3], [0.5, 0.5]])
    assert [point["epoch"] for point in points] == [0, 1]
    assert points[0] == {"network": "ViT", "epoch": 0} | vars(mean_interval([0.1, 0.3]))
    assert points[1]["low"] == points[1]["high"] == 0.5
