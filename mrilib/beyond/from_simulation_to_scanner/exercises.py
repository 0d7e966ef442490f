"""Exercise 2: on how many contrasts TTT beats wavelets."""

from collections.abc import Mapping, Sequence

from mrilib.exercises.blanks import Blank, check


def check_share(
    scores: Mapping[str, Sequence[float]], ttt: object, wavelets_only: object, wins: object, answer: object
) -> None:
    """Check pairs of `scores`, contrast by contrast, and the share on which TTT beats ℓ1-wavelets."""
    first, second = scores["knee-trained + TTT"], scores["ℓ1-wavelet"]
    won = [float(ours > theirs) for ours, theirs in zip(first, second, strict=True)]
    check(
        Blank("ttt", ttt, first, "`scores` has a list for each method; `list(scores)` shows their names"),
        Blank("wavelets_only", wavelets_only, second, "the same for the other method"),
        Blank("wins", wins, won, "`zip(ttt, wavelets_only)` pairs the contrasts; compare within each pair"),
        Blank("answer", answer, sum(won) / len(won), "`sum(wins)` counts them; of how many?", within=1e-3),
    )
