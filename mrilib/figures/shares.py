"""Shares in per cent with their 95 % intervals: two or more for each name, one below the other, each with its words."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, data, finished
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.dumbbells import TWO_LINES
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, MUTED, finite, with_intervals

ROW_HEIGHT, APART, BESIDE, ROOM = 62, 22, 18, 215  # CSS pixels; ROOM for the words at the right
WHOLE, ABOVE = 100, -4  # per cent; CSS pixels of the words above the lines
Row = Mapping[str, Any]


def shares_chart(
    rows: Sequence[Row], colors: Mapping[str, str], *, x_title: str, alt: str, title: str, half: float
) -> altair.LayerChart:
    """One line for each `name`, in the order given, with a dot for each series and its share at the right.

    Args:
        rows: dicts with `name`, whose further lines stand below the first; `series`; `value`, `low` and `high` in %.
        colors: colour of each series, in the order from top to bottom.
        x_title: what is plotted.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
        half: share at which a dashed line is drawn; a full one is at 100 %.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows is empty: nothing to draw")
    names = list(dict.fromkeys(row["name"] for row in rows))
    width = round(PAGE - LETTER * max(len(line) for name in names for line in name.splitlines()) - ROOM)
    records = [_record(row, list(colors)) for row in rows]
    axis = altair.Axis(ticks=False, domain=False, grid=False, **TWO_LINES)
    hue = altair.Color("series:N", scale=altair.Scale(domain=list(colors), range=list(colors.values())), legend=None)
    away = altair.YOffset("away:Q", scale=None)
    y = altair.Y("name:N", sort=names, title=None, axis=axis, scale=altair.Scale(type="band"))
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=5), scale=altair.Scale(zero=False, padding=20))
    base = altair.Chart(data(records)).encode(y=y, yOffset=away, color=hue)
    spans = base.mark_rule(strokeWidth=2).encode(x=altair.X("low:Q"), x2="high:Q")
    layers = [
        *_upright(half, "half", {"color": MUTED, "strokeDash": [4, 4]}),
        *_upright(WHOLE, "all", {"color": INK, "strokeWidth": 1.5}),
        *with_intervals(spans, records),
        base.mark_point(filled=True, size=120, opacity=1).encode(x=x),
        base.mark_text(align="left", dx=BESIDE, fontWeight="bold").encode(x=altair.value(width), text="label:N"),
    ]
    height = ROW_HEIGHT * len(names)
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=height)


def _record(row: Row, series: Sequence[str]) -> dict[str, Any]:
    low, high = finite(row["low"]), finite(row["high"])
    ends = "" if low is None or high is None else f" [{number(low, 0)}, {number(high, 0)}]"
    away = ROW_HEIGHT / 2 + APART * (series.index(row["series"]) - (len(series) - 1) / 2)
    label = f"{row['series']} {number(row['value'], 0)} %{ends}"
    return {"name": row["name"], "series": row["series"], "value": row["value"], "label": label, "away": away} | {
        "low": low,
        "high": high,
    }


def _upright(place: float, word: str, style: dict[str, Any]) -> list[altair.Chart]:
    """A line at a share, with a word above it."""
    base = altair.Chart(data([{"value": place, "word": word}])).encode(x=altair.X("value:Q"))
    head = base.mark_text(baseline="bottom", color=MUTED).encode(y=altair.value(ABOVE), text="word:N")
    return [base.mark_rule(**style), head]
