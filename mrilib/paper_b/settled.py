"""Whether training for longer would still change a comparison of networks."""

from mrilib.gap import Interval


def doubling_moves(before: Interval, after: Interval) -> float:
    """Change of a difference when the number of training steps is doubled, in half widths of its interval.

    |Δ₂ − Δ₁| / ½(high₂ − low₂), where Δ₁ is the difference before doubling, Δ₂ the one after it, and [low₂, high₂] the
    interval of Δ₂. Up to 1, doubling moves the difference by less than its interval.

    Args:
        before, after: difference with its interval, with networks trained for n and for 2n steps.
    """
    return abs(after.value - before.value) / (0.5 * (after.high - after.low))
