"""The first picture of the companion shows a loss and a recovery."""

from dataclasses import replace

from mrilib.beyond.start_here import recovery
from mrilib.scoring import slice_ssim


def test_training_on_other_images_costs_and_ttt_recovers_part_of_it(monkeypatch, tmp_path):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path))
    monkeypatch.setattr(recovery, "TTT", replace(recovery.TTT, max_iterations=60))
    sample, images = recovery.recovered(0)
    knees, tuned, brains = (slice_ssim(image, sample)[0] for image in images.values())
    assert knees + 0.05 < tuned < brains
