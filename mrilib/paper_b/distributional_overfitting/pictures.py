"""A slice out of distribution as it is reconstructed early and at the end of a training run."""

from mrilib.figures.plot import Picture, image_row
from mrilib.figures.sentences import number
from mrilib.paper_b.distributional_overfitting.experiment import Curve


def example_picture(curve: Curve, kind: str) -> Picture:
    """The first test slice of Q: fully sampled, after a quarter of the training run and at its end, with its SSIM."""
    quarter, end = curve.example_epochs
    shown = curve.example()
    early, late = (number(curve.scores("test Q")[curve.epochs.index(epoch)][0]) for epoch in (quarter, end))
    marks = ["", f"SSIM {early}", f"SSIM {late}"]
    alt = f"A {kind} slice of Q after {quarter} and {end} epochs: {marks[1]}, {marks[2]}"
    verb = "falls" if float(late) < float(early) else "changes"
    message = f"From epoch {quarter} to epoch {end}, SSIM of this slice {verb} from {early} to {late} ({kind})"
    return image_row(list(shown.values()), list(shown), marks, alt=alt, vmax=1).titled(message)
