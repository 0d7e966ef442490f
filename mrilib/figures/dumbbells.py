"""Dumbbells: one line for each name, from one mean to another, with the paired difference written beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, data, finished
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import INK, MUTED, PAPER, colors_of
from mrilib.gap import Interval

ROW_HEIGHT, NUMBERS, ROOM = 42, 18, 175  # pixels; ROOM for the numbers at the right
ABOVE, LINE = -6, 17  # pixels; of the names above the first line
RING, DOT = 235, 105  # square pixels of a start, and of an end, which fits into it
TALL, THICK = 27, 4  # pixels of a further mark, an upright bar, of which a start or end on it leaves both tips
INWARDS = 10  # pixels by which names reach over their marks
EDGE = 0.1  # share of all means' spread; the name of a mark so near to the right end would reach the numbers
NEAR = 0.15  # share of all means' spread; closer marks of the first line would have names one upon the other
TWO_LINES: dict[str, Any] = {"labelExpr": "split(datum.label, '\\n')", "labelOffset": -8}  # of the names
BESIDE = "difference [95 % interval]"
Row = Mapping[str, Any]


def step(name: str, marks: Mapping[str, float], by: Interval) -> dict[str, Any]:
    """A row of `dumbbell_chart` whose number is a paired difference, grey where its interval contains 0."""
    return {"name": name, "marks": dict(marks), "label": measured(by, signed=True), "certain": by.excludes_zero}


def dumbbell_chart(
    rows: Sequence[Row],
    *,
    x_title: str,
    alt: str,
    title: str = "",
    beside: str = BESIDE,
    colors: Mapping[str, str] | None = None,
    row_height: int = ROW_HEIGHT,
    level: tuple[str, float] | None = None,
) -> altair.LayerChart:
    """From one mean to another, one line for each `name`, in the order given; the first line names its marks.

    Args:
        rows: dicts with `name`, whose further lines stand below the first; `marks`, means by series: the start, drawn
            as a ring, the end, as a dot that fits into it, then further ones, as upright bars across the line; `label`,
            what is written at the right; and `certain`: if false, the label is grey. See `step`.
        x_title: what is plotted, with its unit.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
        beside: heading of what is written at the right.
        colors: colour of each series; those of `colors_of` if None.
        row_height: CSS pixels from line to line.
        level: name and mean of what all lines are compared with, a dashed vertical line named below the last line.

    Raises:
        ValueError: nothing to draw.
    """
    if not rows:
        raise ValueError("rows is empty: nothing to draw")
    series = list(dict.fromkeys(name for row in rows for name in row["marks"]))
    hues = dict(colors or zip(series, colors_of(series), strict=True))
    names = [row["name"] for row in rows]
    width = round(PAGE - LETTER * max(len(line) for name in names for line in name.splitlines()) - ROOM)
    broken = TWO_LINES if any("\n" in name for name in names) else {}
    lines = altair.Axis(labelLimit=0, ticks=False, domain=False, grid=True, labelPadding=10, **broken)
    y = altair.Y("name:N", sort=names, title=None, axis=lines)
    layers = [
        *_mark_layers(rows, y, x_title, hues),
        *_heads(rows, hues, width, beside),
        *_labels(rows, y, width),
    ]
    height = row_height * len(names)
    if level:
        layers = [*_level(*level, hues | dict(colors or {}), height), *layers]
    chart = altair.layer(*layers).properties(width=width, height=height)
    return finished(chart, alt, title)


def steps_in_numbers(rows: Sequence[Row]) -> str:
    """The rows in words, for alt texts: every mark with its mean, and the number beside them."""
    told = []
    for row in rows:
        means = ", ".join(f"{name} {number(value)}" for name, value in row["marks"].items())
        first, *others = row["name"].splitlines()
        second = f" ({others[0].strip('()')})" if others else ""
        told.append(f"{first}{second}: {means}, {row['label']}")
    return "; ".join(told)


def _mark_layers(rows: Sequence[Row], y: altair.Y, x_title: str, hues: Mapping[str, str]) -> list[altair.Chart]:
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=6), scale=altair.Scale(zero=False, padding=24))
    color = altair.Color("series:N", scale=altair.Scale(domain=list(hues), range=list(hues.values())), legend=None)
    said = [altair.Tooltip("name:N"), altair.Tooltip("series:N"), altair.Tooltip("value:Q", format=".3f")]
    marks = altair.Chart(data([one for row in rows for one in _marks(row)])).encode(x=x, y=y, color=color, tooltip=said)
    bars = altair.Chart(data([_bar(row) for row in rows])).encode(y=y, x=altair.X("start:Q"), x2="to:Q")
    ring: dict[str, Any] = {"size": RING, "strokeWidth": 3, "fill": PAPER, "opacity": 1}
    dot: dict[str, Any] = {"filled": True, "size": DOT, "opacity": 1}
    bar: dict[str, Any] = {"orient": "vertical", "size": TALL, "thickness": THICK, "opacity": 1}
    further = any(len(row["marks"]) > 2 for row in rows)
    return [
        bars.mark_rule(color=MUTED, strokeWidth=4, opacity=0.45),
        *([marks.transform_filter("datum.place === 2").mark_tick(**bar)] if further else []),
        marks.transform_filter("datum.place === 0").mark_point(**ring),
        marks.transform_filter("datum.place === 1").mark_point(**dot),
    ]


def _marks(row: Row) -> list[dict[str, Any]]:
    return [
        {"name": row["name"], "series": series, "value": float(value), "place": min(place, 2)}
        for place, (series, value) in enumerate(row["marks"].items())
    ]


def _bar(row: Row) -> dict[str, Any]:
    start, to, *_ = row["marks"].values()
    return {"name": row["name"], "start": float(start), "to": float(to)}


def _labels(rows: Sequence[Row], y: altair.Y, width: int) -> list[altair.Chart]:
    kept = [{"name": row["name"], "label": row["label"], "certain": bool(row["certain"])} for row in rows]
    base = altair.Chart(data(kept)).encode(x=altair.value(width), y=y, text="label:N")
    ink = altair.condition("datum.certain", altair.value(INK), altair.value(MUTED))
    return [base.mark_text(align="left", dx=NUMBERS).encode(color=ink)]


def _level(name: str, mean: float, hues: Mapping[str, str], height: int) -> list[altair.Chart]:
    """A dashed line at the mean, and its name at the left of its foot."""
    color = hues.get(name) or colors_of([name])[0]
    base = altair.Chart(data([{"value": float(mean), "series": name}])).encode(x=altair.X("value:Q"))
    style: dict[str, Any] = {"align": "right", "baseline": "bottom", "fontWeight": "bold", "color": color}
    words = base.mark_text(**style, dx=-INWARDS, dy=-4).encode(y=altair.value(height), text="series:N")
    return [base.mark_rule(color=color, strokeWidth=2, strokeDash=[6, 4]), words]


def _heads(rows: Sequence[Row], hues: Mapping[str, str], width: int, beside: str) -> list[altair.Chart]:
    """Names of the first line's marks above them, in their colours, and the heading of the numbers."""
    first, means = rows[0], [value for row in rows for value in row["marks"].values()]
    places = sorted(first["marks"], key=first["marks"].__getitem__)
    spread = first["marks"][places[-1]] - first["marks"][places[0]]
    inwards = INWARDS if spread > NEAR * (max(means) - min(means)) else -INWARDS
    at_the_edge = first["marks"][places[-1]] > max(means) - EDGE * (max(means) - min(means))
    layers = []
    for name, value in first["marks"].items():
        style: dict[str, Any] = {"baseline": "bottom", "fontWeight": "bold", "color": hues[name]}
        style |= _place(name, places, inwards, at_the_edge and inwards > 0)
        base = altair.Chart(data([{"value": float(value), "word": name}]))
        layers.append(base.mark_text(**style).encode(x=altair.X("value:Q"), y=altair.value(ABOVE), text="word:N"))
    heading = altair.Chart(data([{"word": beside}])).encode(x=altair.value(width), y=altair.value(ABOVE - LINE))
    words = heading.mark_text(align="left", dx=NUMBERS, baseline="bottom", color=MUTED).encode(text="word:N")
    return [*layers, words]


def _place(name: str, places: Sequence[str], inwards: int, numbers_near: bool) -> dict[str, Any]:
    """Place of a name: outside the outer marks, clear of the numbers at the right; between marks, one line higher."""
    if name == places[0]:
        return {"align": "right", "dx": inwards}
    beside: dict[str, Any] = {"align": "right", "dx": INWARDS}
    if name == places[-1]:
        return beside if numbers_near else {"align": "left", "dx": -inwards}
    return {"dy": -LINE} | (beside if numbers_near else {"align": "center"})
