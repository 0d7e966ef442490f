"""Pictures of mixtures: of stored networks only, kept beside the scores that they show."""

import json

import pytest
from records import record

from mrilib.metrics import ssim
from mrilib.paper_a.mixtures.images import MixtureImages
from mrilib.paper_a.mixtures.sweep import Mixtures
from mrilib.store.tables import SHIPPED

STORED = json.loads((SHIPPED / "mixture_images.json").read_text(encoding="utf-8"))["rows"]
PLACES = [(entry["key"]["shift"], entry["key"]["coefficient"]) for entry in STORED]


def images(shift):
    return MixtureImages(Mixtures(record("03").experiments[shift], record("03").test_slices))


@pytest.fixture
def empty(tmp_path, monkeypatch):
    """A cache with nothing in it."""
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))


@pytest.mark.parametrize(("shift", "coefficient"), [*PLACES, ("anatomy", 1.0)])
def test_a_picture_scores_what_the_table_says(shift, coefficient):
    made = images(shift)
    scores = made.mixtures.table.find(made.mixtures.key(coefficient))["row"]
    for side, image in made.pair(coefficient).items():
        assert 0 <= image.min() <= image.max() <= 1
        shown = ssim(made.target(side)[None, None], image[None, None], match="mean_std").item()
        assert shown == pytest.approx(scores[side][0], abs=0.01)


def test_without_picture_and_network_nothing_is_trained(empty):
    assert images("adversarially_filtered").pair(0.5) is None


def test_the_pictures_are_small():
    assert (SHIPPED / "mixture_images.json").stat().st_size < 100_000
