"""Exercise 2: the slices of a collection."""

from mrilib.exercises.blanks import Blank, check


def check_slices(further: object, fastmri: object, others: object, answer: object) -> None:
    """Check the slices of thirteen datasets, two of them with 120 slices each and the others with 20 each."""
    count = 13 - 2
    check(
        Blank("further", further, count, "there are thirteen datasets; how many of them are fastMRI's?"),
        Blank("fastmri", fastmri, 2 * 120, "the slices of knee plus the slices of brain"),
        Blank("others", others, count * 20, "each of the `further` datasets has the same number of slices"),
        Blank("answer", answer, 2 * 120 + count * 20, "the sum of both kinds"),
    )
