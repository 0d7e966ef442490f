"""A slice out of distribution as it is reconstructed early and at the end of a training run, and what changes."""

from collections.abc import Mapping

from mrilib.figures.changes import LOCAL, Changed, change_grid, local_change
from mrilib.figures.framing import body
from mrilib.figures.plot import Picture, image_row
from mrilib.figures.sentences import number
from mrilib.figures.tiles import white_of
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.words import words_of


def example_picture(curve: Curve, kind: str) -> Picture:
    """The first test slice of Q: fully sampled, after a quarter of the training run and at its end, with its SSIM."""
    quarter, end = curve.example_epochs
    shown = curve.example()
    early, late = map(number, _scores(curve))
    marks = ["", f"SSIM {early}", f"SSIM {late}"]
    alt = f"A {kind} slice of Q after {quarter} and {end} epochs: {marks[1]}, {marks[2]}"
    verb = "falls" if float(late) < float(early) else "changes"
    message = f"From epoch {quarter} to epoch {end}, SSIM of this slice {verb} from {early} to {late} ({kind})"
    return image_row(list(shown.values()), list(shown), marks, alt=alt, vmax=1).titled(message)


def change_picture(curve: Curve, kind: str) -> Picture:
    """The first test slice of Q, cropped to the body, after a quarter of the training run and at its end.

    The map shows where local SSIM rises or falls between the two; SSIM is that of the whole slice.
    """
    quarter, end = curve.example_epochs
    target, *made = curve.example().values()
    scores = dict(zip((f"after epoch {quarter}", f"after epoch {end}"), _scores(curve), strict=True))
    early, late = (round(score, 3) for score in scores.values())
    change = number(late - early, signed=True)
    one = words_of(curve.shift).slice_of_q
    message = f"From epoch {quarter} to {end}, SSIM of this {one} changes by {change} ({kind})"
    if late < early:
        message = f"More training, lower SSIM: this {one} loses {change[1:]} from epoch {quarter} to {end} ({kind})"
    told = "; ".join(f"{name}, SSIM {number(score)}" for name, score in scores.items())
    alt = f"A {kind} slice of Q, fully sampled and reconstructed, and where local SSIM changes: {told}. {message}"
    part, white = body(target), white_of(target)
    images = [image[part] / white for image in (target, *made)]
    captions = ["", *(f"SSIM {number(score)}" for score in scores.values()), change]
    row = Changed("", images, local_change(target, *made)[part], captions)
    return change_grid([row], ["fully sampled", *scores, "change in local SSIM"], end=LOCAL, alt=alt).titled(message)


def worst(curves: Mapping[str, Curve]) -> Curve:
    """The training run whose SSIM out of distribution falls most after its best epoch."""
    return min(curves.values(), key=lambda curve: curve.change("Q", curve.peak).value)


def _scores(curve: Curve) -> list[float]:
    """SSIM of the example after each of its epochs."""
    return [curve.scores("test Q")[curve.epochs.index(epoch)][0] for epoch in curve.example_epochs]
