"""Exercise 2: how far above the line a network lies."""

from mrilib.exercises.blanks import Blank, check


def check_above(slope: object, intercept: object, line: object, answer: object) -> None:
    """Check a line of slope 0.9 and intercept 0.05 at 0.80, and how far above it a score of 0.79 lies."""
    height = 0.9 * 0.80 + 0.05
    check(
        Blank("slope", slope, 0.9, "the text of the exercise has it"),
        Blank("intercept", intercept, 0.05, "the text of the exercise has it"),
        Blank("line", line, height, "put the score in distribution into slope · score + intercept"),
        Blank("answer", answer, 0.79 - height, "the score on Q, measured from `line`"),
    )
