"""Strips: every measured value of a group as a small dot, and their mean with its 95 % interval."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, data, finished
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import INK, PAPER, finite, with_intervals

ROW_HEIGHT, ROOM, NUMBERS = 58, 190, 18  # pixels; ROOM for the mean and its interval at the right
SPREAD = (4, 16, 28, 10, 22)  # pixels below the upper edge of a line, by which neighbouring dots are kept apart
BELOW: dict[str, Any] = {"yOffset": 14}  # of a mean, below its dots
Row = Mapping[str, Any]


def strip_chart(
    rows: Sequence[Row],
    *,
    x_title: str,
    alt: str,
    title: str = "",
    zero: bool = True,
    digits: int = 3,
    letters: int = 0,
) -> altair.LayerChart:
    """One line for each `name`, in the order given: all its values, their mean and its interval.

    Args:
        rows: dicts with `name`; `values`; `mean`, an `Interval`; and `color`.
        x_title: what is plotted, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
        zero: whether 0 is drawn, and means have their signs.
        digits: decimals of the means.
        letters: room left of the plot, in letters, so that plots above each other are aligned; at least the length of
            the names.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows is empty: nothing to draw")
    names = [row["name"] for row in rows]
    width = round(PAGE - LETTER * max(letters, *map(len, names)) - ROOM)
    lines = altair.Axis(
        labelLimit=0, ticks=False, domain=False, grid=False, labelPadding=10, minExtent=LETTER * letters
    )
    y = altair.Y("name:N", sort=names, title=None, axis=lines, scale=altair.Scale(type="band"))
    hue = altair.Color("color:N", scale=None)
    dots = altair.Chart(data([one for row in rows for one in _dots(row)])).encode(y=y, color=hue)
    records = [_mean(row, zero, digits) for row in rows]
    means = altair.Chart(data(records)).encode(y=y, color=hue)
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=6), scale=altair.Scale(zero=zero, padding=16))
    at = [altair.Tooltip("name:N"), altair.Tooltip("value:Q", format=".3f")]
    origin = altair.Chart(data([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5).encode(x=altair.X("zero:Q"))
    whole = means.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=4, **BELOW)
    spans = whole.encode(x=altair.X("low:Q"), x2="high:Q")
    layers = [
        *([origin] if zero else []),
        dots.mark_circle(size=48, opacity=0.5).encode(x=x, yOffset=altair.YOffset("away:Q", scale=None), tooltip=at),
        *with_intervals(spans, records),
        means.mark_point(
            shape="diamond", size=230, opacity=1, filled=True, stroke=PAPER, strokeWidth=1.5, **BELOW
        ).encode(x=x),
        means.mark_text(align="left", dx=NUMBERS, fontWeight="bold", **BELOW).encode(
            x=altair.value(width), text="label:N"
        ),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=ROW_HEIGHT * len(rows))


def strips_in_numbers(rows: Sequence[Row], digits: int = 3) -> str:
    """The means in words, for alt texts."""
    return "; ".join(f"{row['name']} {number(row['mean'].value, digits)}" for row in rows)


def _dots(row: Row) -> list[dict[str, Any]]:
    """Values in rising order, moved up and down alternately, so that equal values do not cover each other."""
    return [
        {"name": row["name"], "value": float(value), "away": SPREAD[place % len(SPREAD)], "color": row["color"]}
        for place, value in enumerate(sorted(row["values"]))
    ]


def _mean(row: Row, zero: bool, digits: int) -> dict[str, Any]:
    mean = row["mean"]
    ends = {"value": mean.value, "low": finite(mean.low), "high": finite(mean.high)}
    return {"name": row["name"], "label": measured(mean, digits, signed=zero), "color": row["color"], **ends}
