"""Exercise 2: the fraction of the gap closed when both networks move."""

from mrilib.exercises.blanks import Blank, check


def check_closed(gap_before: float, gap_after: object, answer: object) -> None:
    """Check the gap after TTT has lifted the network of P by 0.10 and that of Q by 0.02, and the fraction closed."""
    left = gap_before - 0.10 + 0.02
    check(
        Blank("gap_after", gap_after, left, "the gap is Q minus P: which of the two gains widens it?"),
        Blank("answer", answer, 1 - left / gap_before, "what share of the old gap is left?"),
    )
