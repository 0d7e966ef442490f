"""Exercise 2: a gap that closes although nothing gets better."""

from mrilib.exercises.blanks import Blank, check


def check_gap_gone(before: object, after: object, answer: object) -> None:
    """Check the gaps before (0.90, 0.70) and after (0.84, 0.70), and the share of the first gap that is gone."""
    wide, narrow = 0.90 - 0.70, 0.84 - 0.70
    check(
        Blank("before", before, wide, "the score of training on Q minus that of training on P, before the change"),
        Blank("after", after, narrow, "the same difference after the score of the network trained on Q has fallen"),
        Blank("answer", answer, 1 - narrow / wide, "what share of `before` is left?"),
    )
