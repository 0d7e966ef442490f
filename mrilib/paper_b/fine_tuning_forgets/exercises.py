"""Exercise 2: the steps before fine-tuning."""

from mrilib.exercises.blanks import Blank, check


def check_steps(fastmri: object, others: object, slices: object, answer: object) -> None:
    """Check the slices of two datasets with 120 and eleven with 20, and the steps of 12 epochs with batches of one."""
    known, new = 2 * 120, 11 * 20
    check(
        Blank("fastmri", fastmri, known, "knee and brain, each with its slices"),
        Blank("others", others, new, "eleven datasets, each with the same number of slices"),
        Blank("slices", slices, known + new, "both kinds together"),
        Blank("answer", answer, 12 * (known + new), "an epoch takes a step for each slice; how many epochs?"),
    )
