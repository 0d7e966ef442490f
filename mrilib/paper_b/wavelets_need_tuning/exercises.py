"""Exercise 2: what soft thresholding leaves."""

from mrilib.exercises.blanks import Blank, check


def check_soft(sizes: object, left: object, answer: object) -> None:
    """Check the sizes of 3, −0.5 and 1.2, what thresholding at 1 leaves of each, and the sum."""
    absolute = [3, 0.5, 1.2]
    shrunk = [max(size - 1, 0) for size in absolute]
    check(
        Blank("sizes", sizes, absolute, "the coefficients without their signs, in the same order"),
        Blank("left", left, shrunk, "subtract λ from each; what does the rule say if the result is negative?"),
        Blank("answer", answer, sum(shrunk), "the sum of `left`"),
    )
