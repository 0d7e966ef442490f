"""Chart of one network for both as a dot inside the specialist's ring, far from the other side's specialist."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, data, finished
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import INK, MUTED, NAMED, PAPER
from mrilib.gap import Interval

ROW_HEIGHT, ROOM, NUMBERS = 44, 175, 18  # pixels; ROOM for the numbers at the right
RING, DOT, AWAY = 420, 110, 150  # square pixels; a dot fits into a ring
ABOVE, LEADING = -8, 18  # pixels, of the names above the first line
OTHER, OWN, BOTH = "other side's specialist", "ring: this side's specialist", "dot: one network for both"
COLORS = {OTHER: MUTED, OWN: INK, BOTH: NAMED["P and Q"]}
BESIDE = "both minus specialist"
Row = Mapping[str, Any]


def line(name: str, other: float, own: float, both: float, lead: Interval) -> dict[str, Any]:
    """A row of `nested_chart`: mean SSIM of three networks on one side, and the paired lead of the network for both."""
    ends = {OTHER: other, OWN: own, BOTH: both}
    return {"name": name, "ends": ends, "label": measured(lead, signed=True), "certain": lead.excludes_zero}


def nested_chart(rows: Sequence[Row], *, title: str) -> altair.LayerChart:
    """One line for each side, in the order given, with the paired difference beside it, grey where it may be 0.

    Args:
        rows: see `line`; the first one names the marks.
        title: the figure's message.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows is empty: nothing to draw")
    names = [row["name"] for row in rows]
    width = round(PAGE - LETTER * max(map(len, names)) - ROOM)
    axis = altair.Axis(labelLimit=0, ticks=False, domain=False, grid=True, labelPadding=10, labelFontSize=14)
    y = altair.Y("name:N", sort=names, title=None, axis=axis)
    bars = altair.Chart(data([{"name": row["name"], **_span(row)} for row in rows]))
    layers = [
        bars.mark_rule(color=MUTED, strokeWidth=4, opacity=0.35).encode(y=y, x=altair.X("low:Q"), x2="high:Q"),
        _marks(rows, OTHER, y, filled=True, size=AWAY),
        _marks(rows, OWN, y, filled=False, size=RING, strokeWidth=2.5, fill=PAPER),
        _marks(rows, BOTH, y, filled=True, size=DOT),
        *_heads(rows[0]["ends"], width),
        _labels(rows, y, width),
    ]
    chart = altair.layer(*layers).properties(width=width, height=ROW_HEIGHT * len(names))
    return finished(chart, f"{title}: {_in_numbers(rows)}", title)


def _in_numbers(rows: Sequence[Row]) -> str:
    told = []
    for row in rows:
        means = ", ".join(f"{series.split(': ')[-1]} {number(value)}" for series, value in row["ends"].items())
        told.append(f"{row['name']}: {means}, {row['label']}")
    return "; ".join(told)


def _span(row: Row) -> dict[str, float]:
    return {"low": row["ends"][OTHER], "high": row["ends"][OWN]}


def _marks(rows: Sequence[Row], series: str, y: altair.Y, **look: Any) -> altair.Chart:
    values = [{"name": row["name"], "network": series, "value": row["ends"][series]} for row in rows]
    x = altair.X(
        "value:Q", title="mean SSIM", axis=altair.Axis(tickCount=6), scale=altair.Scale(zero=False, padding=24)
    )
    said = [altair.Tooltip("name:N"), altair.Tooltip("network:N"), altair.Tooltip("value:Q", format=".3f")]
    base = altair.Chart(data(values)).encode(x=x, y=y, tooltip=said)
    return base.mark_point(color=COLORS[series], opacity=1, **look)


def _heads(ends: Mapping[str, float], width: int) -> list[altair.Chart]:
    """Names of the first line's marks above them, each on a line of its own, and the heading of the numbers."""
    words = [
        altair.Chart(data([{"value": ends[series], "word": series}]))
        .mark_text(
            align="left", dx=-10, dy=-LEADING * place, fontWeight="bold", baseline="bottom", color=COLORS[series]
        )
        .encode(x=altair.X("value:Q"), y=altair.value(ABOVE), text="word:N")
        for place, series in enumerate((OTHER, BOTH, OWN))
    ]
    heading = altair.Chart(data([{"word": BESIDE}])).encode(x=altair.value(width), y=altair.value(ABOVE), text="word:N")
    return [*words, heading.mark_text(align="left", dx=NUMBERS, baseline="bottom", color=MUTED)]


def _labels(rows: Sequence[Row], y: altair.Y, width: int) -> altair.Chart:
    kept = [{key: row[key] for key in ("name", "label", "certain")} for row in rows]
    ink = altair.condition("datum.certain", altair.value(INK), altair.value(MUTED))
    base = altair.Chart(data(kept)).encode(x=altair.value(width), y=y, text="label:N", color=ink)
    return base.mark_text(align="left", dx=NUMBERS)
