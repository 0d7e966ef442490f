"""Exercise 2: the error in k-space of an image whose phase is wrong by one angle."""

import cmath

from mrilib.exercises.blanks import Blank, check


def check_phase_error(angle: float, turned: object, answer: object) -> None:
    """Check the factor of a phase of `angle` radians, and the relative error in k-space that it causes."""
    factor = cmath.exp(1j * angle)
    check(
        Blank("turned", turned, factor, "its magnitude is 1 and its argument is the angle; see `cmath.exp`"),
        Blank("answer", answer, abs(1 - factor), "A is linear, so turning the image multiplies y by `turned`"),
    )
