"""Exercise 2: how many times fewer lines a mask really has."""

import torch

from mrilib.exercises.blanks import Blank, check


def check_acceleration(mask: torch.Tensor, lines: object, measured: object, answer: object) -> None:
    """Check the lines of a mask (true where measured), the number of measured lines, and the acceleration."""
    truths = mask.flatten()
    count = int(truths.sum())
    check(
        Blank("lines", lines, truths, "the mask has one truth value per line; `flatten()` makes it one-dimensional"),
        Blank("measured", measured, count, "how many of `lines` are true? `sum()` counts them"),
        Blank("answer", answer, len(truths) / count, "put the number of all lines in the numerator", within=1e-3),
    )
