"""Dot plots: one line for each name, a dot with its 95 % interval, hollow where the interval contains 0."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, WIDTH, data, finished, legend_columns, tooltip
from mrilib.figures.dumbbells import TWO_LINES
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, MUTED, SERIES_COLORS, colors_of, finite, with_intervals

PAGE = WIDTH + 60  # pixels: names are narrower than LETTER in most faces
ROW_HEIGHT, APART, NUMBERS, ROOM = 28, 12, 14, 60  # pixels; APART between series of one line, ROOM for numbers
FEW, ROOMY = 6, 40  # lines, and pixels from one to the next of so few
ABOVE, BESIDE = -8, 10  # pixels from the plot and from 0 to the words on both sides of 0
LEGEND = 18  # pixels from the plot to its legend, Vega's default
SMALL = 16  # square pixels of the dots for single training runs and the like
TICK = 80  # pixels from one tick to the next, at least
SHAPES = ["circle", "square", "triangle-up", "diamond", "cross"]  # in addition to colour


def dots_chart(
    rows: Sequence[Mapping[str, Any]],
    *,
    x_title: str,
    alt: str,
    title: str = "",
    zero: bool = True,
    digits: int = 3,
    colors: Mapping[str, str] | None = None,
    legend: bool = True,
    sides: tuple[str, str] | None = None,
    start: float | None = None,
) -> altair.LayerChart:
    """Means or differences with their 95 % intervals, one line for each `name`, in the order given.

    Args:
        rows: dicts with `name` of one or two lines, `value`, `low`, `high` and, if several dots share a line, `series`;
            rows of different names and one series each have their numbers written at the right. `certain` fills a dot
            or leaves it hollow whatever its interval. `each` holds numbers for small dots, such as one per training.
        x_title: what is plotted, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: what is compared.
        zero: whether 0 is drawn, and dots whose interval contains it are hollow.
        digits: decimals of the numbers at the right.
        colors: colour of each series; with a legend, the position of a series also determines its shape; `colors_of`
            if None.
        legend: whether series are explained above the lines; not needed if the names explain them.
        sides: what lies to the left and to the right of 0, in words above the first line.
        start: where the axis begins; below the lowest interval if None.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows is empty: nothing to draw")
    records = [record(row, zero, digits) for row in rows]
    names = list(dict.fromkeys(record["name"] for record in records))
    series = list(dict.fromkeys(record["series"] for record in records))
    shared = len(records) > len(names)
    width = round(
        PAGE - LETTER * max(len(line) for name in names for line in name.splitlines()) - (0 if shared else ROOM)
    )
    base = _base(records, names, series if shared else [])
    scale, words = _scale(series, colors), _legend(series, -ABOVE + BESIDE if sides else 0) if legend else None
    color = altair.Color("series:N", scale=scale, legend=words)
    axis = altair.Axis(tickCount=min(5, max(2, width // TICK)), grid=True)
    span = altair.Scale(zero=zero, padding=16) if start is None else altair.Scale(domainMin=start)
    x = altair.X("value:Q", title=x_title, axis=axis, scale=span)
    shapes = _shapes(series, colors) if legend else SHAPES[:1] * len(series)
    shape = altair.Shape("series:N", scale=altair.Scale(domain=series, range=shapes), legend=words)
    dots = base.mark_point(size=80, opacity=1, strokeWidth=2).encode(x=x, color=color, shape=shape)
    layers = [
        *([_origin()] if zero else []),
        *with_intervals(base.mark_rule(strokeWidth=2.5).encode(x=altair.X("low:Q"), x2="high:Q", color=color), records),
        dots.encode(fill=altair.condition("datum.certain", color, altair.value("white"))),
        *_parts(rows, base, x),
        *([] if shared else [_numbers(base, width)]),
        *(_sides(*sides) if sides else []),
    ]
    row = ROOMY if len(names) <= FEW else ROW_HEIGHT
    height = len(names) * max(row, APART * (len(series) + 1) if shared else 0)
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=height)


def in_numbers(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows in words, for alt texts."""
    named = [(" ".join(row["name"].splitlines()), row) for row in rows]
    return "; ".join(
        f"{', '.join(filter(None, (name, row.get('series'))))} {number(row['value'], signed=True)}"
        for name, row in named
    )


def record(row: Mapping[str, Any], zero: bool, digits: int = 3) -> dict[str, Any]:
    """A row as it is drawn: JSON values, with its number in words, and whether its dot is full."""
    low, high = finite(row["low"]), finite(row["high"])
    certain = row.get("certain", not zero or (low is not None and high is not None and (low > 0 or high < 0)))
    label = number(row["value"], digits, signed=zero)
    ends = {"value": row["value"], "low": low, "high": high}
    return {"name": row["name"], "series": row.get("series", ""), "label": label, "certain": certain, **ends}


def _base(records: list[dict[str, Any]], names: Sequence[str], series: Sequence[str]) -> altair.Chart:
    lines: dict[str, Any] = {"tickBand": "extent"} if series else {}  # between the names, not through them
    lines |= TWO_LINES if any("\n" in name for name in names) else {}
    labels = altair.Axis(labelLimit=0, ticks=False, domain=False, grid=True, **lines)
    bands = altair.Scale(type="band", paddingInner=0.15)
    y = altair.Y("name:N", sort=list(names), title=None, axis=labels, scale=bands)
    said = [altair.Tooltip("series:N"), *tooltip("name", "value", "low", "high")]
    base = altair.Chart(data(records)).encode(y=y, tooltip=said)
    return base.encode(yOffset=altair.YOffset("series:N", sort=list(series))) if series else base


def _scale(series: Sequence[str], colors: Mapping[str, str] | None) -> altair.Scale:
    chosen = [colors[name] for name in series] if colors else colors_of(series) if any(series) else [SERIES_COLORS[0]]
    return altair.Scale(domain=list(series), range=chosen)


def _shapes(series: Sequence[str], colors: Mapping[str, str] | None) -> list[str]:
    known = list(colors or series)
    return [SHAPES[known.index(name) % len(SHAPES)] for name in series]


def _legend(series: Sequence[str], offset: int) -> altair.Legend | None:
    """Legend above the plot, with `offset` pixels more for words between the two."""
    if not any(series):
        return None
    away = LEGEND + offset if offset else altair.Undefined
    return altair.Legend(title=None, orient="top", labelLimit=0, columns=legend_columns(series), offset=away)


def _origin() -> altair.Chart:
    line = altair.Chart(altair.Data(values=[{"zero": 0}]))
    return line.mark_rule(color=INK, strokeWidth=1.5).encode(x=altair.X("zero:Q"))


def _sides(left: str, right: str) -> list[altair.Chart]:
    """Words on both sides of 0 above the first line, with arrows that point away from it."""
    ends: list[tuple[str, dict[str, Any]]] = [(f"← {left}", {"align": "right", "dx": -BESIDE})]
    ends.append((f"{right} →", {"align": "left", "dx": BESIDE}))
    return [
        altair.Chart(altair.Data(values=[{"zero": 0, "side": words}]))
        .mark_text(baseline="bottom", fontWeight="bold", color=INK, **place)
        .encode(x=altair.X("zero:Q"), y=altair.value(ABOVE), text="side:N")
        for words, place in ends
    ]


def _parts(rows: Sequence[Mapping[str, Any]], base: altair.Chart, x: altair.X) -> list[altair.Chart]:
    """Small dots for the numbers in `each`."""
    found = [
        {"name": row["name"], "series": row.get("series", ""), "value": value}
        for row in rows
        for value in row.get("each", ())
    ]
    if not found:
        return []
    dots = base.properties(data=data(found)).mark_point(size=SMALL, filled=True, opacity=1, color=INK)
    return [dots.encode(x=x, tooltip=altair.Tooltip("value:Q", format=".4f"))]


def _numbers(base: altair.Chart, width: int) -> altair.Chart:
    return base.mark_text(align="left", dx=NUMBERS, color=MUTED).encode(x=altair.value(width), text="label:N")


def from_zero(base: altair.Chart, x: altair.X, color: altair.Color, fill: Any) -> list[altair.Chart]:
    """A line at 0, and on it the 95 % interval and the dot of every row of `base`, which has `value`, `low`, `high`."""
    spans = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5)
    dots = base.mark_point(size=95, opacity=1, strokeWidth=2)
    return [
        _origin(),
        spans.encode(x=altair.X("low:Q"), x2="high:Q", color=color),
        dots.encode(x=x, color=color, fill=fill),
    ]
