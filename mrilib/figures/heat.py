"""Tables of numbers as heat maps: a colour and the number itself in every cell."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, broken, data, finished, tooltip
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, PAPER, finite

ROW_HEIGHT = 44  # pixels
COLORS = ("#EEF5F4", "#005B55")  # of nothing and of the largest number
DARK = 0.6  # share of the largest number beyond which numbers are written in white


def heat_chart(
    rows: Sequence[Mapping[str, Any]],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
    empty: str = "",
) -> altair.LayerChart:
    """Non-negative numbers by row and column, in the order given; bold where the 95 % interval excludes 0.

    Args:
        rows: dicts with `row`, `column`, `value`, and `low` and `high`; a cell whose value is None is framed and
            says `empty`.
        x_title, y_title: what the columns and the rows are.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.

    Raises:
        ValueError: nothing to draw.
    """
    if not any(finite(row["value"]) is not None for row in rows):
        raise ValueError("rows have no value: nothing to draw")
    records = [_record(row, empty) for row in rows]
    lines, columns = (list(dict.fromkeys(record[key] for record in records)) for key in ("row", "column"))
    width = round(PAGE - LETTER * max(map(len, lines)))
    plain: dict[str, Any] = {"labelAngle": 0, "ticks": False, "domain": False}
    below = altair.Axis(labelExpr=broken(columns, round(width / len(columns) / LETTER)), **plain)
    across = altair.X("column:N", sort=columns, title=x_title, axis=below)
    down = altair.Y("row:N", sort=lines, title=y_title, axis=altair.Axis(**plain))
    base = altair.Chart(data(records)).encode(x=across, y=down)
    top = max(record["value"] for record in records if record["value"] is not None) or 1.0
    shade = altair.Scale(domain=[0, top], range=list(COLORS), clamp=True, interpolate="rgb")
    colour = altair.Color("value:Q", scale=shade, legend=None)
    full, own = (base.transform_filter(test) for test in ("isValid(datum.value)", "!isValid(datum.value)"))
    ink = altair.condition(f"datum.value > {DARK * top}", altair.value(PAPER), altair.value(INK))
    sure, unsure = (full.transform_filter(test) for test in ("datum.certain", "!datum.certain"))
    layers = [
        full.mark_rect(stroke=PAPER, strokeWidth=2).encode(
            color=colour, tooltip=[altair.Tooltip("row:N"), *tooltip("column", "value", "low", "high")]
        ),
        sure.mark_text(fontWeight="bold", fontSize=14).encode(text="label:N", color=ink),
        unsure.mark_text(fontSize=14).encode(text="label:N", color=ink),
        own.mark_rect(fill=None, stroke=INK, strokeWidth=2.5),
        own.mark_text(color=INK).encode(text="label:N"),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=ROW_HEIGHT * len(lines))


def _record(row: Mapping[str, Any], empty: str) -> dict[str, Any]:
    value, low, high = (finite(row[key]) for key in ("value", "low", "high"))
    certain = low is not None and high is not None and (low > 0 or high < 0)
    label = empty if value is None else number(value)
    ends = {"value": value, "low": low, "high": high}
    return {"row": row["row"], "column": row["column"], "label": label, "certain": certain, **ends}
