"""Whether training for longer would still change a result."""

from math import inf

from mrilib.gap import Interval


def doubling_moves(before: Interval | None, after: Interval | None, stated: Interval | None) -> float:
    """Change of a result when the number of training steps is doubled, in half widths of its interval.

    |Δ₂ − Δ₁| / ½(high − low), where Δ₁ is the result, such as a difference, before doubling and Δ₂ the one after it. A
    value of at most 1 means that doubling moves it by at most half the width of its interval [low, high]. Networks that
    are trained for longer are other networks, so that Δ₂ − Δ₁ also contains the variation between two training runs;
    the interval covers this variation only if it rests on several runs.

    Args:
        before, after: result with networks trained for n and for 2n steps, on the same slices; None if it is undefined.
        stated: the result on which a verdict rests, with its interval.

    Returns:
        Infinity for a result that is undefined or has an interval without ends or width: then nothing is settled.
    """
    if before is None or after is None or stated is None:
        return inf
    half = 0.5 * (stated.high - stated.low)
    return abs(after.value - before.value) / half if 0 < half < inf else inf
