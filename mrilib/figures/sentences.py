"""Results as sentences: a number with its 95 % interval beside the words that it supports."""

from collections.abc import Iterable, Mapping

from IPython.display import Markdown

from mrilib.gap import NO_INTERVAL, FractionClosed, Interval


def number(value: float, digits: int = 3, signed: bool = False) -> str:
    """`value` with `digits` decimals, a true minus sign and no negative zero."""
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    zero = not text.strip("+-0.")
    return text.lstrip("+-") if zero else text.replace("-", "−")


def measured(found: Interval, digits: int = 3, signed: bool = False) -> str:
    """Mean and interval, such as "0.009 [0.007, 0.011]"."""
    ends = ", ".join(number(end, digits) for end in (found.low, found.high))
    return f"{number(found.value, digits, signed)} " + (f"[{ends}]" if found.bounded else NO_INTERVAL)


def listed(values: Mapping[str, float], digits: int = 3) -> str:
    """Names with their numbers, such as "trained on knees 0.674, trained on brains 0.885"."""
    return ", ".join(f"{name} {number(value, digits)}" for name, value in values.items())


def percent(found: Interval | FractionClosed) -> str:
    """A fraction with its interval in per cent, such as "43 % [32, 56]", or why it is undefined."""
    if isinstance(found, FractionClosed):
        return f"an undefined share ({found.reason})" if found.interval is None else percent(found.interval)
    value, low, high = (number(100 * one, 0) for one in (found.value, found.low, found.high))
    return f"{value} % " + (f"[{low}, {high}]" if found.bounded else NO_INTERVAL)


def verdict(found: Interval, above: str, below: str, level: str, digits: int = 3) -> str:
    """The sentence that an interval supports, with the number in place of its `{}`.

    Args:
        found: a difference.
        above, below: sentences for an interval above and below 0; both are given the size without its sign.
        level: sentence for an interval that contains 0, given the signed difference.
        digits: decimals.
    """
    if not found.excludes_zero:
        return level.format(measured(found, digits, signed=True))
    if found.value > 0:
        return above.format(measured(found, digits))
    size = Interval(-found.value, -found.high, -found.low, found.n, found.trainings)
    return below.format(measured(size, digits))


def bullets(lines: Iterable[str]) -> Markdown:
    """A list with one point for each line of Markdown."""
    return Markdown("\n".join(f"- {line}" for line in lines))
