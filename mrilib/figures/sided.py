"""Differences beside what differs: two columns of words, then a dot with its 95 % interval on the same line."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.dots import from_zero, record
from mrilib.figures.theme import MUTED, PAPER, SERIES_COLORS

PLOT, ROW_HEIGHT, LINE, NUMBERS = 230, 54, 17, 10  # pixels; LINE from one line of words to the next
PLACES, LETTERS = (-506, -400, -206), (13, 26, 26)  # pixels from the plot to each column of words, and its width
HEAD = -12  # pixels from the plot's upper edge to the columns' headings
Row = Mapping[str, Any]


def sided_dots(
    rows: Sequence[Row], heads: tuple[str, str, str], *, x_title: str, alt: str, title: str
) -> altair.LayerChart:
    """One line for each difference: its part, both sides in words, then the change that it causes, with a line at 0.

    Args:
        rows: dicts with `part`, `one`, `other`, `value`, `low`, `high` and `beside`, whether it is only for comparison.
        heads: headings of the three columns of words.
        x_title: what is plotted, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows are empty: nothing to draw")
    drawn = [_record(row, f"{place:02}") for place, row in enumerate(rows)]
    y = altair.Y("name:N", sort=None, axis=None, scale=altair.Scale(type="band"))
    base = altair.Chart(data(drawn)).encode(y=y, tooltip=tooltip("difference", "value", "low", "high"))
    axis = altair.Axis(tickCount=4)
    x = altair.X("value:Q", title=x_title, axis=axis, scale=altair.Scale(padding=16))
    hue = altair.Color("color:N", scale=None)
    layers = [
        *_table(base, heads),
        *from_zero(base, x, hue, altair.Fill("fill:N", scale=None)),
        base.mark_text(align="left", dx=NUMBERS, fontWeight="bold").encode(x=altair.value(PLOT), text="label:N"),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=PLOT, height=ROW_HEIGHT * len(rows))


def _record(row: Row, name: str) -> dict[str, Any]:
    """A row as it is drawn: words broken into lines, its colour, and that of its dot's inside."""
    found = record({**row, "name": name}, True)
    color = MUTED if row["beside"] else SERIES_COLORS[2]
    keys = ("part", "one", "other")
    words = {key: "\n".join(textwrap.wrap(row[key], width)) for key, width in zip(keys, LETTERS, strict=True)}
    said = f"{row['part']}: {row['one']} → {row['other']}"
    return (
        found
        | words
        | {"beside": row["beside"], "difference": said, "color": color, "fill": color if found["certain"] else PAPER}
    )


def _table(base: altair.Chart, heads: tuple[str, str, str]) -> list[altair.Chart]:
    """The columns of words with their headings, and a thin line above every row."""
    rules = base.mark_rule(color="#E3E3E3", yOffset=-ROW_HEIGHT / 2).encode(
        x=altair.value(PLACES[0]), x2=altair.value(PLOT)
    )
    layers = [rules]
    for key, head, place in zip(("part", "one", "other"), heads, PLACES, strict=True):
        layers += [
            base.mark_text(fontWeight="bold" if key == "part" else "normal", **_block(key)).encode(
                x=altair.value(place), text=f"{key}:N"
            ),
            altair.Chart(data([{"head": head}]))
            .mark_text(align="left", color=MUTED)
            .encode(x=altair.value(place), y=altair.value(HEAD), text="head:N"),
        ]
    return layers


def _block(key: str) -> dict[str, Any]:
    """Style of broken words whose middle is that of their row."""
    further = f"length(split(datum.{key}, '\\n')) - 1"
    return {"align": "left", "lineBreak": "\n", "lineHeight": LINE, "dy": altair.ExprRef(f"-{LINE / 2} * ({further})")}
