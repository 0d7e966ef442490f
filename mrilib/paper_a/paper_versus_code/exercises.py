"""Exercise 2: the fraction closed that Table 6 implies."""

from mrilib.exercises.blanks import Blank, check


def check_table_6(before: object, after: object, answer: object) -> None:
    """Check the gaps before (.9041, .8429) and after (.8947, .8859), and the fraction closed."""
    wide, narrow = 0.9041 - 0.8429, 0.8947 - 0.8859
    check(
        Blank("before", before, wide, "the first two scores, Q minus P"),
        Blank("after", after, narrow, "the last two scores, Q minus P"),
        Blank("answer", answer, 1 - narrow / wide, "what share of `before` is left?", within=2e-3),
    )
