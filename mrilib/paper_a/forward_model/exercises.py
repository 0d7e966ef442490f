"""Exercise 2: the factors of the adjoint."""

from mrilib.exercises.blanks import Blank, check


def check_adjoint(own_adjoint: object, answer: object) -> None:
    """Check which factor of A = M F S is its own adjoint, and which two are not."""
    check(
        Blank("own_adjoint", own_adjoint, "M", "which of the three is a diagonal matrix of real numbers?"),
        Blank("answer", answer, "FS", "which factors differ from their adjoints?"),
    )
