"""Exercise 2: where a box of fastMRI+ begins in the file."""

from mrilib.exercises.blanks import Blank, check


def check_box(first: object, last: object, end: object, answer: object) -> None:
    """Check the rows of a box that begins at row 40 of 320, is 12 high, and was turned upside down."""
    rows, top, height = 320, 40, 12
    check(
        Blank("first", first, top, "it is marked at its first row"),
        Blank("last", last, top + height, "the first row below the box: its first row and its height"),
        Blank("end", end, rows - top, "turned, row r lies at 320 − r: which edge of the box is the last one then?"),
        Blank("answer", answer, rows - top - height, "the box is as high as before"),
    )
