"""Exercise 2: how far above the line a network lies."""

from mrilib.exercises.blanks import Blank, check


def check_above(slope: object, intercept: object, line: object, answer: object) -> None:
    """Check a line of slope 0.9 and intercept 0.05 at 0.80, and how far above it a score of 0.79 lies."""
    height = 0.9 * 0.80 + 0.05
    check(
        Blank("slope", slope, 0.9, "the exercise states the slope"),
        Blank("intercept", intercept, 0.05, "the exercise states the intercept"),
        Blank("line", line, height, "insert the score in distribution into slope · score + intercept"),
        Blank("answer", answer, 0.79 - height, "how far does the score on Q lie above `line`?"),
    )
