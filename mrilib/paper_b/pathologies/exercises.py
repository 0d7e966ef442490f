"""Exercise 2: where a box of fastMRI+ begins in the file."""

from mrilib.exercises.blanks import Blank, check


def check_box(first: object, last: object, end: object, answer: object) -> None:
    """Check the rows of a box that begins at row 40 of 320, is 12 high, and was turned upside down."""
    rows, top, height = 320, 40, 12
    check(
        Blank("first", first, top, "the mark gives the first row of the box"),
        Blank("last", last, top + height, "the first row below the box is its first row plus its height"),
        Blank("end", end, rows - top, "after the turn, row r lies at 320 − r: which edge of the box comes last?"),
        Blank("answer", answer, rows - top - height, "the height of the box has not changed"),
    )
