"""The picture of the whole forward model: six steps with their scores."""

from tiny_slices import tiny_sample

from mrilib.paper_a.forward_explorer import ITERATIONS, reconstructions
from mrilib.paper_a.forward_model.whole import whole_model
from mrilib.scoring import slice_ssim


def test_the_message_and_the_alt_text_have_the_scores():
    sample = tiny_sample(0)
    scores = [f"{slice_ssim(image, sample)[0]:.3f}" for image in reconstructions(sample, ITERATIONS).values()]
    drawn = whole_model(sample, "simulated")
    lines, columns = int(sample.mask.sum()), sample.mask.shape[-1]
    assert drawn.title.startswith(f"From {lines} of {columns} lines, ")
    for step in ("the image x (simulated)", "S x", "F S x", "measured: M F S x", "zero-filled"):
        assert step in drawn.alt
    assert all(score in drawn.title and score in drawn.alt for score in scores)
