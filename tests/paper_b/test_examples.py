"""Pictures of a slice: shipped beside the scores that they show; without picture and network nothing is trained."""

import pytest
from records import record

from mrilib.metrics import ssim
from mrilib.paper_b.fine_tuning_forgets import images
from mrilib.paper_b.fine_tuning_forgets.experiment import study
from mrilib.store.tables import SHIPPED


@pytest.fixture
def scored(tmp_path, monkeypatch):
    """The study of notebook 17 with an empty cache."""
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    return study(record("17"))


def test_a_picture_scores_what_the_table_says(scored):
    made = images.example_images(scored)
    for test in images.shown(scored).values():
        image = made.image(images.TUNED, test)
        assert 0 <= image.min() <= image.max() <= 1
        shown = ssim(made.target(test)[None, None], image[None, None], match="mean_std").item()
        assert shown == pytest.approx(scored.scores(images.TUNED, test)[0], abs=0.01)


def test_one_slice_is_of_the_dataset_fine_tuned_on_and_one_of_that_which_loses_most(scored):
    learned, forgotten = images.shown(scored)
    assert learned == images.TUNED != forgotten
    drawn = images.before_and_after(scored, "simulated")
    assert "learned: brain, 0.3 T (M4Raw GRE) SSIM" in drawn.alt
    message = "Fine-tuning improves a slice of the new dataset but degrades one of another dataset"
    assert drawn.title == f"{message} (simulated data)"
    assert "forgotten: " in drawn.alt


def test_without_picture_and_network_nothing_is_trained(scored):
    made = images.example_images(scored)
    assert made.image("nyu", "m4raw_gre") is None
    assert made.images((images.BEFORE, "nyu"), "m4raw_gre") is None


def test_the_pictures_are_small():
    assert (SHIPPED / "fine_tuning_images.json").stat().st_size < 100_000
