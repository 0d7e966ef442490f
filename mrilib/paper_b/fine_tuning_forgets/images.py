"""Slices of the dataset used for fine-tuning and of the dataset that loses most, before and after fine-tuning."""

from torch import Tensor
from torch.nn import functional as F

from mrilib.data.twins import TWINS
from mrilib.figures.plot import Picture, image_grid
from mrilib.figures.sentences import number
from mrilib.figures.tiles import white_of
from mrilib.paper_b.collection import TESTED, arm_title
from mrilib.paper_b.examples import ExampleImages
from mrilib.paper_b.fine_tuning_forgets.experiment import BEFORE, changes
from mrilib.paper_b.study import Study

TUNED = "m4raw_gre"  # the noisiest dataset, on which fine-tuning costs most elsewhere


def example_images(scored: Study) -> ExampleImages:
    """Pictures of the study's networks; the package ships those of the network fine-tuned on `TUNED`."""
    return ExampleImages(scored, "fine_tuning_images")


def shown(scored: Study) -> dict[str, str]:
    """First population (a test set) of the dataset used for fine-tuning and of the one that loses most, by dataset."""
    found = changes(scored)
    most = min((name for name in TESTED if name != TUNED), key=lambda name: found[TUNED, name].value)
    return {name: next(part for part in TWINS[name] if scored.tests[part].slices) for name in (TUNED, most)}


def close_up(target: Tensor, before: Tensor, after: Tensor) -> tuple[slice, slice]:
    """Rows and columns of the square, half as wide as the target (y, x), in which the squared error changes most."""
    side = min(target.shape) // 2
    change = (after - target).square() - (before - target).square()
    means = F.avg_pool2d(change[None, None], side, stride=1)[0, 0].abs()
    top, left = divmod(int(means.argmax()), means.shape[1])
    return slice(top, top + side), slice(left, left + side)


def before_and_after(scored: Study, kind: str) -> Picture | None:
    """A close-up of both slices, fully sampled, before and after fine-tuning; None if a network is missing.

    SSIM is that of the whole slice; see `close_up` for the part that is shown.
    """
    made, rows, captions, titles, ends = example_images(scored), [], [], [], []
    for name, test in shown(scored).items():
        pair = made.images((BEFORE, TUNED), test)
        if pair is None:
            return None
        target = made.target(test)
        part = close_up(target, *pair)
        rows.append([one[part] / white_of(target) for one in (target, *pair)])
        ends.append([scored.scores(arm, test)[0] for arm in (BEFORE, TUNED)])
        captions.append(["", *(f"SSIM {score:.3f}" for score in ends[-1])])
        titles.append(f"{'learned' if name == TUNED else 'forgotten'}:\n{arm_title(name)}")
    columns = ["fully sampled", "before fine-tuning", f"after fine-tuning on {arm_title(TUNED)}"]
    scores = "; ".join(
        f"{' '.join(title.split())} {' to '.join(said[1:])}" for title, said in zip(titles, captions, strict=True)
    )
    alt = f"A {kind} slice of two datasets: fully sampled, before and after fine-tuning: {scores}"
    here, elsewhere = (number(after - before, signed=True) for before, after in ends)
    told = f"Fine-tuning: SSIM {here} on a slice of the new dataset, {elsewhere} on one of another"
    return image_grid(rows, titles, columns, captions, alt=alt, vmax=1.0).titled(f"{told} ({kind} data)")
