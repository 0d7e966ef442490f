"""Exercise 2: the steps before fine-tuning."""

from mrilib.exercises.blanks import Blank, check


def check_steps(fastmri: object, others: object, slices: object, answer: object) -> None:
    """Check the slices of two datasets with 120 and eleven with 20, and the steps of 12 epochs with batches of one."""
    known, new = 2 * 120, 11 * 20
    check(
        Blank("fastmri", fastmri, known, "the slices of knee plus the slices of brain"),
        Blank("others", others, new, "there are eleven further datasets, each with the same number of slices"),
        Blank("slices", slices, known + new, "the sum of both kinds"),
        Blank("answer", answer, 12 * (known + new), "an epoch takes one step per slice; how many epochs are there?"),
    )
