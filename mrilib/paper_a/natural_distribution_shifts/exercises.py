"""Exercise 2: the share of slices on which training on Q is better."""

from collections.abc import Mapping, Sequence

from mrilib.exercises.blanks import Blank, check


def check_share(
    scores: Mapping[tuple[str, str], Sequence[float]], of_q: object, of_p: object, wins: object, answer: object
) -> None:
    """Check pairs of `scores` under the anatomy shift, slice by slice, and the share on which training on Q wins."""
    first, second = scores["anatomy", "Q"], scores["anatomy", "P"]
    won = [float(q > p) for q, p in zip(first, second, strict=True)]
    check(
        Blank("of_q", of_q, first, "`scores` has a pair for its key: the shift, and what was trained on"),
        Blank("of_p", of_p, second, "the same shift as in `of_q`, trained on the other distribution"),
        Blank("wins", wins, won, "`zip(of_q, of_p)` pairs the slices; compare within each pair"),
        Blank("answer", answer, sum(won) / len(won), "`sum(wins)` counts them; of how many slices?", within=1e-3),
    )
