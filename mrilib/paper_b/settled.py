"""Whether training for longer would still change a comparison of networks."""

from math import inf

from mrilib.gap import Interval


def doubling_moves(before: Interval, after: Interval, stated: Interval) -> float:
    """Change of a difference when the number of training steps is doubled, in half widths of its interval.

    |Δ₂ − Δ₁| / ½(high − low), where Δ₁ is the difference before doubling and Δ₂ the one after it. A value of at most 1
    means that doubling moves the difference by at most half the width of its interval [low, high]. Networks that are
    trained for longer are other networks, so that Δ₂ − Δ₁ also contains the variation between two training runs; the
    interval covers this variation only if it rests on several runs.

    Args:
        before, after: difference with networks trained for n and for 2n steps, on the same slices.
        stated: the difference on which a verdict rests, with its interval.

    Returns:
        Infinity for an interval without ends or without width, with which nothing can be settled.
    """
    half = 0.5 * (stated.high - stated.low)
    return abs(after.value - before.value) / half if 0 < half < inf else inf
