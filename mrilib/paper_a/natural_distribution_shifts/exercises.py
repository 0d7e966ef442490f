"""Exercise 2: the share of slices on which training on Q is better."""

from collections.abc import Mapping, Sequence

from mrilib.exercises.blanks import Blank, check_wins

KEYS = "each key of `scores` is a pair: the shift, and the distribution on which the network was trained"
OTHER = "the same shift as in `of_q`, for the network trained on the other distribution"


def check_share(
    scores: Mapping[tuple[str, str], Sequence[float]], of_q: object, of_p: object, wins: object, answer: object
) -> None:
    """Check pairs of `scores` under the anatomy shift, slice by slice, and the share on which training on Q wins."""
    first = Blank("of_q", of_q, scores["anatomy", "Q"], KEYS)
    check_wins(first, Blank("of_p", of_p, scores["anatomy", "P"], OTHER), wins, answer, "slices")
