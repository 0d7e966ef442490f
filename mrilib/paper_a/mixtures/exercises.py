"""Exercise 2: the share of the gap that a mixture closes."""

from mrilib.exercises.blanks import Blank, check


def check_gained(gap: object, gained: object, answer: object) -> None:
    """Check the gap on Q between training on P (0.68) and on Q (0.90), and the share that a mixture (0.88) closes."""
    whole, part = 0.90 - 0.68, 0.88 - 0.68
    check(
        Blank("gap", gap, whole, "which two of the three networks does the gap compare, and on which test slices?"),
        Blank("gained", gained, part, "the same test distribution, with the mixture in place of *Q* alone"),
        Blank("answer", answer, part / whole, "which of `gap` and `gained` is the whole?"),
    )
