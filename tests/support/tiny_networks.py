"""A network of a distribution of small slices, nothing of which is shipped."""

from dataclasses import replace

import pytest
from tiny_slices import tiny_scan

from mrilib.data import catalogue
from mrilib.train import networks
from mrilib.train.networks import (
    NetworkSpec,
)
from mrilib.train.recipe import Recipe

SPEC = NetworkSpec(
    "tiny",
    2,
    Recipe(epochs=2, learning_rate=1e-3, seed=4),
    {"name": "unet", "chans": 4, "num_pool_layers": 2},
    train_slices=3,
)


@pytest.fixture(autouse=True)
def small_world(tmp_path, monkeypatch):
    """A distribution of small slices, two validation slices, an empty cache and nothing shipped."""
    entry = replace(catalogue.distribution("knee_pd"), name="tiny", scan=tiny_scan())
    monkeypatch.setitem(catalogue.DISTRIBUTIONS, "tiny", entry)
    monkeypatch.setattr(networks, "VALIDATION_SLICES", 2)
    monkeypatch.setattr(networks, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path / "cache ü"))
