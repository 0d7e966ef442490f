"""Grouped dot plots: above the rows of each group, a heading in the group's colour."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, data, finished, tooltip
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.dots import from_zero, record
from mrilib.figures.theme import INK, MUTED, PAPER

ROW_HEIGHT, NUMBERS, ROOM = 23, 14, 60  # pixels; ROOM for the numbers at the right
FEW, ROOMY = 10, 30  # lines, and pixels from one to the next of so few
Row = Mapping[str, Any]


def headed_dots(
    groups: Mapping[str, Sequence[Row]], *, x_title: str, alt: str, title: str, colors: Mapping[str, str]
) -> altair.LayerChart:
    """Differences with their 95 % intervals, one line for each, below the heading of their group, with a line at 0.

    Args:
        groups: heading → dicts with `name`, `value`, `low` and `high`, in the order given; all names are distinct.
        x_title: what is plotted, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
        colors: colour of each group.

    Raises:
        ValueError: nothing to draw.
    """
    rows = [record(row, True) | {"group": group} for group, members in groups.items() for row in members]
    if not rows:
        raise ValueError("groups are empty: nothing to draw")
    names = [name for group, members in groups.items() for name in (group, *(row["name"] for row in members))]
    width = round(PAGE - LETTER * max(map(len, names)) - ROOM)
    heading = " || ".join(f"datum.value === {group!r}" for group in groups)
    axis = altair.Axis(
        labelLimit=0,
        ticks=False,
        domain=False,
        labelFontWeight=altair.condition(heading, altair.value("bold"), altair.value("normal")),
        labelColor=_by_heading(groups, colors),
        gridColor=altair.condition(heading, altair.value(PAPER), altair.value("#E3E3E3")),
        grid=True,
    )
    y = altair.Y("name:N", title=None, sort=None, scale=altair.Scale(domain=names), axis=axis)
    color = altair.Color("group:N", scale=altair.Scale(domain=list(colors), range=list(colors.values())), legend=None)
    base = altair.Chart(data(rows)).encode(y=y, tooltip=tooltip("name", "value", "low", "high"))
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=6), scale=altair.Scale(padding=16))
    fill = altair.condition("datum.certain", color, altair.value(PAPER))
    layers = [
        *from_zero(base, x, color, fill),
        base.mark_text(align="left", dx=NUMBERS, color=MUTED).encode(x=altair.value(width), text="label:N"),
    ]
    row = ROOMY if len(names) <= FEW else ROW_HEIGHT
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=row * len(names))


def _by_heading(groups: Mapping[str, Any], colors: Mapping[str, str]) -> dict[str, Any]:
    """Colour of an axis label: its group's, if it is a heading."""
    tests = [{"test": f"datum.value === {group!r}", "value": colors[group]} for group in groups]
    return {"condition": tests, "value": INK}
