"""Exercise 2: the cores that TTT keeps busy."""

from mrilib.exercises.blanks import Blank, check


def check_cores(seconds: object, hours: object, answer: object) -> None:
    """Check the seconds, hours and cores needed for 10,000 slices of 6 seconds in a night of 8 hours."""
    total = 10_000 * 6
    check(
        Blank("seconds", seconds, total, "the seconds for one slice, times the number of slices per day"),
        Blank("hours", hours, total / 3600, "how many seconds are in an hour?"),
        Blank("answer", answer, total / 3600 / 8, "one core works for 8 hours per night"),
    )
