"""Slices of the dataset used for fine-tuning and of the dataset that loses most, before and after fine-tuning."""

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


def before_and_after(scored: Study, kind: str) -> Picture | None:
    """Both slices fully sampled, before and after fine-tuning, with their SSIM; None if a network is missing."""
    made, rows, captions, titles, ends = example_images(scored), [], [], [], []
    for name, test in shown(scored).items():
        pair = made.images((BEFORE, TUNED), test)
        if pair is None:
            return None
        target = made.target(test)
        rows.append([one / white_of(target) for one in (target, *pair)])
        ends.append([scored.scores(arm, test)[0] for arm in (BEFORE, TUNED)])
        captions.append(["", *(f"SSIM {score:.3f}" for score in ends[-1])])
        titles.append(f"{'learned' if name == TUNED else 'forgotten'}:\n{arm_title(name)}")
    columns = [f"fully sampled ({kind})", "before fine-tuning", f"after fine-tuning on {arm_title(TUNED)}"]
    scores = "; ".join(
        f"{' '.join(title.split())} {' to '.join(said[1:])}" for title, said in zip(titles, captions, strict=True)
    )
    alt = f"A {kind} slice of two datasets: fully sampled, before and after fine-tuning: {scores}"
    here, elsewhere = (number(after - before, signed=True) for before, after in ends)
    told = f"Fine-tuning changes SSIM by {here} on a slice of the new dataset and by {elsewhere} on one of another"
    return image_grid(rows, titles, columns, captions, alt=alt, vmax=1.0).titled(f"{told} ({kind} data)")
