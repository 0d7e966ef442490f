"""The gaps of the shifts in sentences."""

from collections.abc import Mapping

from mrilib.figures.sentences import number, verdict
from mrilib.gap import Interval
from mrilib.paper_a.published import paper_a


def in_words(gaps: Mapping[str, Interval]) -> list[str]:
    """One line of Markdown for each shift: the gap as its interval supports it, and paper A's."""
    return [_in_words(shift, gap) for shift, gap in gaps.items()]


def _in_words(shift: str, gap: Interval) -> str:
    higher, lower = (f"training on *Q* scores {{}} {which} than training on *P*" for which in ("higher", "lower"))
    found = verdict(gap, higher, lower, "the difference cannot be distinguished from zero, {}")
    printed = number(paper_a("unet", shift)["gap before"])
    return f"**{shift.replace('_', ' ').capitalize()}:** {found}; the gap in paper A is {printed}."
