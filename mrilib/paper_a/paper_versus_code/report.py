"""Chart of changes with their intervals, largest first, and what changes and slips say in sentences."""

from collections.abc import Mapping, Sequence

import altair

from mrilib.figures.dots import dots_chart
from mrilib.figures.sentences import measured, percent
from mrilib.figures.theme import SERIES_COLORS
from mrilib.gap import Interval
from mrilib.paper_a.paper_versus_code.fidelity import Scores, closed
from mrilib.paper_a.slips import PrintedGap

DIRECTIONS = {"published code scores higher": SERIES_COLORS[0], "published code scores lower": SERIES_COLORS[4]}


def changes_chart(changes: Mapping[str, Interval], *, x_title: str, alt: str, title: str = "") -> altair.LayerChart:
    """Plot each change as a dot with its 95 % interval, largest first; the dot is hollow if the interval contains 0.

    Args:
        changes: intervals by short name.
        x_title: what changed, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: what is compared.

    Raises:
        ValueError: nothing to draw.
    """
    ranked = sorted(changes.items(), key=lambda item: -abs(item[1].value))
    rows = [{"name": name, "series": list(DIRECTIONS)[one.value < 0], **vars(one)} for name, one in ranked]
    return dots_chart(rows, x_title=x_title, alt=alt, title=title, colors=DIRECTIONS)


def fractions(gaps: Mapping[str, Scores | None]) -> dict[str, Interval]:
    """Fraction of the gap closed by each arm that was run for all four networks and has a gap to close."""
    found = {name: closed(scores).interval for name, scores in gaps.items() if scores}
    return {name: one for name, one in found.items() if one}


def changes_in_words(changes: Mapping[str, Interval], names: Sequence[str]) -> str:
    """Changes of some rows in one sentence; rows that were not run are left out."""
    said = [f"*{name}* {measured(changes[name], signed=True)}" for name in names if name in changes]
    return f"Change in SSIM: {'; '.join(said)}." if said else "None of these rows has been run for these parameters."


def summary(changes: Mapping[str, Interval], gaps: Mapping[str, Scores | None]) -> list[str]:
    """What the run found, one line of Markdown for each finding."""
    sizes = sorted(changes, key=lambda name: -abs(changes[name].value))
    level = [name for name in sizes if not changes[name].excludes_zero]
    told = [
        f"**{len(sizes) - len(level)} of {len(sizes)} differences change SSIM.** The three largest: "
        f"{'; '.join(f'*{name}* {measured(changes[name], signed=True)}' for name in sizes[:3])}.",
        f"**No change that these slices can detect:** {', '.join(f'*{name}*' for name in level) or 'none'}.",
    ]
    shares = fractions(gaps)
    if {"as written", "as published"} <= shares.keys():
        written, published = (percent(shares[name]) for name in ("as written", "as published"))
        told.append(
            f"**The fraction of the gap closed:** {written} for the method as written, {published} as published. "
            "The scores depend on these choices far more than the conclusion does."
        )
    return told


def slips_in_words(printed: Sequence[PrintedGap]) -> list[str]:
    """Printed percentages that do not follow from the printed scores, and those that rounding may explain."""
    return [
        f"**{one.item}** prints {one.row['printed']}; its own scores give {one.row['recomputed']}: {one.verdict}."
        for one in printed
        if one.verdict != "follows"
    ]
