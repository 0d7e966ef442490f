"""Exercise 2: what attention costs when patches get smaller."""

from mrilib.exercises.blanks import Blank, check


def check_pairs(along: object, patches: object, answer: object) -> None:
    """Check how patches along a side, patches, and pairs of patches grow when a patch has half the side."""
    check(
        Blank("along", along, 2, "how many patches of half the side fit where one was, along one side?"),
        Blank("patches", patches, 4, "the image has two sides"),
        Blank("answer", answer, 16, "attention compares each patch with each: how do pairs grow with patches?"),
    )
