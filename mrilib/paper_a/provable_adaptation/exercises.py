"""Exercise 2: the shrinkage with the least risk."""

from mrilib.exercises.blanks import Blank, check


def check_least_risk(n: int, d: int, noise: object, square: object, answer: object) -> None:
    """Check the moments of the noise outside a subspace of `d` in `n` dimensions, and the c with the least risk."""
    outside = n - d
    risk = "write the risk as a parabola in c; where is its lowest point?"
    check(
        Blank("noise", noise, outside, "the space has n dimensions; how many of them lie outside the subspace?"),
        Blank("square", square, outside * (outside + 2), "insert `noise` into the formula for the mean square"),
        Blank("answer", answer, (d - 2) / (outside + 2), risk, within=1e-3),
    )
