"""Exercise 2: the steps that the network trained on both takes."""

from mrilib.exercises.blanks import Blank, check


def check_steps(slices: object, steps: object, answer: object) -> None:
    """Check the slices of two lists of 120, the steps of an epoch with batches of one, and those of 12 epochs."""
    check(
        Blank("slices", slices, 2 * 120, "the network trained on both is given both lists"),
        Blank("steps", steps, 2 * 120, "a batch holds one slice, and an epoch goes through all slices"),
        Blank("answer", answer, 2 * 120 * 12, "how many epochs are there?"),
    )
