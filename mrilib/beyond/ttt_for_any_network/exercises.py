"""Exercise 2: the magnitude under a wrong phase."""

import math

from mrilib.exercises.blanks import Blank, check


def check_shrinkage(angle: object, answer: object) -> None:
    """Check an angle of 60° in radians, and the part of the magnitude that least squares keeps at this phase error."""
    project = "which real r minimises |r e^(iφ) − 1|? Only the component along e^(iφ) can be fitted"
    check(
        Blank("angle", angle, math.pi / 3, "half a turn is 180 degrees, or π radians"),
        Blank("answer", answer, math.cos(math.pi / 3), project),
    )
