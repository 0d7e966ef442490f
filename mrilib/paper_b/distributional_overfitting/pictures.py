"""A slice out of distribution as it is reconstructed early and at the end of a training run, and its errors."""

from collections.abc import Mapping

from mrilib.figures.plot import Picture, comparison, image_row
from mrilib.figures.sentences import number
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


def errors_picture(curve: Curve, kind: str) -> Picture:
    """The first test slice of Q, reconstructed after a quarter of the training run and at its end, with error maps."""
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
    alt = f"A {kind} slice of Q, fully sampled and reconstructed, with error maps: {told}. {message}"
    shown = dict(zip(scores, made, strict=True))
    return comparison(target, shown, scores, alt=alt, target_title="fully sampled").titled(message)


def worst(curves: Mapping[str, Curve]) -> Curve:
    """The training run whose SSIM out of distribution falls most after its best epoch."""
    return min(curves.values(), key=lambda curve: curve.change("Q", curve.peak).value)


def _scores(curve: Curve) -> list[float]:
    """SSIM of the example after each of its epochs."""
    return [curve.scores("test Q")[curve.epochs.index(epoch)][0] for epoch in curve.example_epochs]
