"""Exercise 2: on how many contrasts TTT beats wavelets."""

from collections.abc import Mapping, Sequence

from mrilib.exercises.blanks import Blank, check_wins

NAMES = "`scores` has a list for each method; `list(scores)` shows the names of the methods"


def check_share(
    scores: Mapping[str, Sequence[float]], ttt: object, wavelets_only: object, wins: object, answer: object
) -> None:
    """Check pairs of `scores`, contrast by contrast, and the share on which TTT beats ℓ1-wavelets."""
    ours = Blank("ttt", ttt, scores["knee-trained + TTT"], NAMES)
    theirs = Blank("wavelets_only", wavelets_only, scores["ℓ1-wavelet"], "look up the other method in the same way")
    check_wins(ours, theirs, wins, answer, "contrasts")
