"""P and Q in a word or two, for titles, axes and legends."""

import re

from mrilib.paper_a.experiment import Side

IN_A_WORD: dict[tuple[str, Side], str] = {
    ("anatomy", "P"): "knees",
    ("anatomy", "Q"): "brains",
    ("dataset", "P"): "fastMRI knees",
    ("dataset", "Q"): "Stanford knees",
    ("modality", "P"): "T2 brains",
    ("modality", "Q"): "T1 brains",
    ("acceleration", "P"): "knees at 4×",
    ("acceleration", "Q"): "knees at 2×",
    ("adversarially_filtered", "P"): "knees",
    ("adversarially_filtered", "Q"): "hard knees",
}
ONE_SLICE = {
    "anatomy": "brain slice",
    "dataset": "Stanford knee slice",
    "modality": "T1 brain slice",
    "acceleration": "knee slice at 2×",
    "adversarially_filtered": "hard knee slice",
}  # of Q


def side_word(shift: str, side: Side) -> str:
    """P or Q of a shift in a word, such as "knees"; its letter where there is none."""
    return IN_A_WORD.get((shift, side), side)


def side_name(shift: str, side: Side) -> str:
    """P or Q of a shift in a word with its letter, such as "knees (P)"; its letter alone where there is no word."""
    word = side_word(shift, side)
    return side if word == side else f"{word} ({side})"


def slice_of_q(shift: str) -> str:
    """A slice of Q in words with its letter, such as "brain slice (Q)"; "slice of Q" where there is no word."""
    return f"{ONE_SLICE[shift]} (Q)" if shift in ONE_SLICE else "slice of Q"


def worded(shift: str, name: str) -> str:
    """A name with P and Q in words: "joint on P + TTT" → "joint on knees (P) + TTT"."""
    return re.sub(r"\b[PQ]\b", lambda found: side_name(shift, "P" if found[0] == "P" else "Q"), name)


def from_to(shift: str) -> str:
    """P and Q of a shift, such as "knees → brains"."""
    return f"{side_word(shift, 'P')} → {side_word(shift, 'Q')}"
