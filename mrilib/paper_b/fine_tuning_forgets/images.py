"""Slices of the dataset used for fine-tuning and of the dataset that loses most, before and after fine-tuning."""

from mrilib.data.twins import TWINS
from mrilib.figures.changes import LOCAL, Changed, change_grid, local_change
from mrilib.figures.framing import body
from mrilib.figures.plot import Picture
from mrilib.figures.sentences import number
from mrilib.figures.tiles import white_of
from mrilib.paper_b.collection import TESTED
from mrilib.paper_b.examples import ExampleImages
from mrilib.paper_b.fine_tuning_forgets.experiment import BEFORE, changes
from mrilib.paper_b.plain_names import two_lines
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


def before_and_after(scored: Study, kind: str) -> Picture | None:
    """Both slices, cropped to the body: fully sampled, before and after fine-tuning, and where SSIM changes.

    None if a network is missing. SSIM is that of the whole slice.
    """
    made, rows, ends = example_images(scored), [], []
    for name, test in shown(scored).items():
        pair = made.images((BEFORE, TUNED), test)
        if pair is None:
            return None
        target = made.target(test)
        part, white = body(target), white_of(target)
        ends.append([scored.scores(arm, test)[0] for arm in (BEFORE, TUNED)])
        by = number(ends[-1][1] - ends[-1][0], signed=True)
        captions = ["", *(f"SSIM {number(score)}" for score in ends[-1]), by]
        title = f"{'learned' if name == TUNED else 'forgotten'}:\n{two_lines(name)}"
        images = [one[part] / white for one in (target, *pair)]
        rows.append(Changed(title, images, local_change(target, *pair)[part], captions))
    told = "; ".join(f"{' '.join(row.title.split())} {' to '.join(row.captions[1:3])}" for row in rows)
    alt = f"A {kind} slice of two datasets: fully sampled, before and after fine-tuning, and where SSIM changes: {told}"
    columns = ["fully sampled", "before fine-tuning", "after fine-tuning", "change in SSIM"]
    drawn = change_grid(rows, columns, end=LOCAL, alt=alt)
    return drawn.titled(f"{_message(*(after - before for before, after in ends))} ({kind} data)")


def _message(here: float, elsewhere: float) -> str:
    """What fine-tuning does to the slice of the new dataset and to the other slice."""
    joined = "but" if here * elsewhere < 0 else "and"
    words = ["improves" if by > 0 else "degrades" for by in (here, elsewhere)]
    return f"Fine-tuning {words[0]} a slice of the new dataset {joined} {words[1]} one of another dataset"
