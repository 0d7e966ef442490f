"""Exercise 2: what attention costs when patches get smaller."""

from mrilib.exercises.blanks import Blank, check


def check_pairs(along: object, patches: object, answer: object) -> None:
    """Check how the numbers of patches per side, patches and pairs grow if a patch has half the side length."""
    check(
        Blank("along", along, 2, "how many patches of half the side length fit along one side of an old patch?"),
        Blank("patches", patches, 4, "the image has two dimensions"),
        Blank("answer", answer, 16, "attention compares every patch with every patch: how many pairs are there?"),
    )
