"""Charts of scores, gaps and training curves: one message each, axes with units, alt text."""

import json
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair

from mrilib.figures.layout import checked_alt
from mrilib.figures.theme import (
    INK,
    MUTED,
    PAPER,
    colors_of,
    finite,
    hues,
    log_ticks,
    ordered,
    with_intervals,
)
from mrilib.gap import NO_INTERVAL

Row = Mapping[str, Any]
WIDTH, ROW_HEIGHT, LEGEND_COLUMNS = 720, 44, 3  # with its axis a chart fits the output area of JupyterLab at 1280
TITLE_LETTERS = 80  # in a line; more are wider than a chart may be
LETTER = 8.0  # CSS pixels of the names beside the gap chart, in a wide face
SYMBOL = 30  # CSS pixels of a symbol in a legend and the room beside it
HEIGHT, LEADING, BESIDE = 300, 17, 10  # CSS pixels: of curves, from name to name, and from a curve to its name
DASHES = [[1, 0], [7, 3], [2, 2], [9, 3, 2, 3]]  # line pattern in addition to colour


def gap_chart(
    rows: Iterable[Row],
    *,
    alt: str,
    title: str = "",
    x_title: str = "SSIM",
    gaps: Mapping[str, tuple[str, str]] | None = None,
    emphasised: Sequence[str] | None = None,
) -> altair.LayerChart:
    """Mean score of each method with its 95 % interval, and the gaps between pairs of methods.

    Args:
        rows: dicts with `method`, `value`, `low`, `high` and `n`, the number of test slices.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
        gaps: label → (method, reference); each is drawn beside its method with its length.
        emphasised: methods drawn in their colours; the others are grey; all methods if None.

    Raises:
        ValueError: a row lacks a key, or a gap names a method that has no row.
    """
    records = cleaned(rows, "method", ("value", "low", "high", "n"))
    names = ordered(record["method"] for record in records)
    width = round(WIDTH - LETTER * max(map(len, names)))
    layers = [
        *_gap_layers(_measured(records, gaps or {})),
        *_dot_layers(records, hues(names, emphasised), x_title, width),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=ROW_HEIGHT * len(names))


def interval_chart(
    rows: Iterable[Row],
    x: str,
    y: str = "value",
    color: str | None = None,
    *,
    low: str = "low",
    high: str = "high",
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
) -> altair.LayerChart:
    """Values with their 95 % intervals over named conditions `x`, side by side for each name in `color`."""
    records = cleaned(rows, color, (y, low, high), keep=(x,))
    order = list(dict.fromkeys(record[x] for record in records))
    words = altair.Axis(labelAngle=0, labelExpr=broken(order, WIDTH // len(order) // 8))
    place = altair.X(f"{x}:N", sort=order, title=x_title, axis=words)
    base = altair.Chart(altair.Data(values=records)).encode(x=place, tooltip=tooltip(color or x, y, low, high))
    if color is not None:
        names = ordered(record[color] for record in records)
        base = base.encode(xOffset=altair.XOffset(f"{color}:N", sort=names), color=_series(color, names, "circle"))
    height = altair.Y(f"{y}:Q", title=y_title, scale=altair.Scale(zero=False, padding=12))
    layers = [
        *with_intervals(base.mark_rule(strokeWidth=3).encode(y=altair.Y(f"{low}:Q"), y2=f"{high}:Q"), records, low),
        base.mark_point(filled=True, size=100, opacity=1).encode(y=height),
    ]
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=280)


def broken(names: Sequence[str], letters: int) -> str:
    """Vega expression that breaks axis labels at spaces into lines of at most `letters` letters, or of one word."""
    return f"{json.dumps({name: textwrap.wrap(name, letters, break_long_words=False) for name in names})}[datum.label]"


def lines_chart(
    rows: Iterable[Row],
    x: str,
    y: str,
    color: str | None = None,
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
    band: tuple[str, str] | None = None,
    log_x: bool = False,
) -> altair.LayerChart:
    """Curves of `y` over `x`, one per name in `color`; the legend follows the order at the right edge.

    Args:
        rows: dicts with the named keys; rows whose y is not finite are omitted.
        band: keys of the lower and upper end of a 95 % band.
    """
    records = [r for r in cleaned(rows, color, (x, y, *(band or ()))) if r[y] is not None]
    scale = altair.Scale(type="log" if log_x else "linear", nice=False)
    axis = altair.Axis(values=log_ticks([r[x] for r in records])) if log_x else altair.Axis(tickCount=8)
    horizontal = altair.X(f"{x}:Q", title=x_title, scale=scale, axis=axis)
    base = altair.Chart(altair.Data(values=records)).encode(x=horizontal)
    height = altair.Y(f"{y}:Q", title=y_title, scale=altair.Scale(zero=False))
    names = _by_last_value(records, x, y, color) if color else []
    base = base.encode(color=_series(color, names)) if color else base
    lines = base.mark_line(point={"size": 40} if len(records) <= 60 else False)
    layers = [lines.encode(y=height, strokeDash=_dashes(color, names), tooltip=tooltip(color, x, y))]
    if band is not None:
        layers.insert(0, base.mark_area(opacity=0.18).encode(y=altair.Y(f"{band[0]}:Q"), y2=f"{band[1]}:Q"))
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def named_at_ends(
    curves: altair.LayerChart, records: Sequence[Row], keys: tuple[str, str, str], spread: tuple[float, float]
) -> altair.LayerChart:
    """Curves of `lines_chart` with their names in their colours beside their right ends, in place of a legend.

    Args:
        curves: result of `lines_chart`; its alt text and title are kept.
        records: its rows, those that are drawn.
        keys: those of x, y and the name.
        spread: ends of the vertical axis.
    """
    x, y, color = keys
    names = _by_last_value(list(map(dict, records)), x, y, color)
    last = {row[color]: row[y] for row in sorted(records, key=lambda row: row[x])}
    places = spaced([last[name] for name in names], LEADING * (spread[1] - spread[0] or 1) / curves.height)
    words = [
        altair.Chart(altair.Data(values=[{y: place, "name": name}]))
        .mark_text(align="left", dx=BESIDE, color=hue, fontWeight="bold")
        .encode(x=altair.value("width"), y=altair.Y(f"{y}:Q"), text="name:N")
        for name, place, hue in zip(names, places, colors_of(names), strict=True)
    ]
    for layer in curves.layer:
        layer.encoding.color.legend = None
    whole: Any = altair.layer(curves, *words)
    for name in ("description", "title", "width", "height"):
        whole[name], curves[name] = curves[name], altair.Undefined
    return whole.properties(width=round(WIDTH - LETTER * max(map(len, names))))


def spaced(places: list[float], apart: float) -> list[float]:
    """Places in falling order, moved down as little as needed so that neighbours are `apart`, then centred again."""
    moved: list[float] = []
    for place in places:
        moved.append(min(place, moved[-1] - apart) if moved else place)
    shift = sum(place - there for place, there in zip(places, moved, strict=True)) / max(len(places), 1)
    return [there + shift for there in moved]


def finest(steps: list[float]) -> float:
    """Smallest distance between two steps."""
    return min((after - before for before, after in pairwise(steps)), default=1.0)


def _dot_layers(records: list[dict[str, Any]], scale: altair.Scale, x_title: str, width: int) -> list[altair.Chart]:
    rows = altair.Axis(grid=True, ticks=False, domain=False)
    y = altair.Y("method:N", scale=altair.Scale(domain=scale.domain), sort=None, title=None, axis=rows)
    spread = altair.Scale(zero=False, padding=24)
    x = altair.X("value:Q", title=x_title + _sample(records), scale=spread, axis=altair.Axis(tickCount=6))
    color = altair.Color("method:N", scale=scale, legend=None)
    base = altair.Chart(altair.Data(values=records)).encode(y=y, tooltip=tooltip("method", "value", "low", "high"))
    number = base.transform_calculate(label="format(datum.value, '.3f')")
    return [
        *with_intervals(base.mark_rule(strokeWidth=3).encode(x=altair.X("low:Q"), x2="high:Q", color=color), records),
        base.mark_point(filled=True, size=120, opacity=1).encode(x=x, color=color),
        number.mark_text(dx=10, align="left").encode(x=altair.value(width), text="label:N"),
    ]


def _gap_layers(measured: list[dict[str, Any]]) -> list[altair.Chart]:
    if not measured:
        return []
    base = altair.Chart(altair.Data(values=measured))
    across = base.mark_rule(color=MUTED, strokeWidth=1.5).encode(x=altair.X("value:Q"), x2="to:Q", y="method:N")
    down = base.mark_rule(color=MUTED, strokeWidth=1.5, strokeDash=[3, 3])
    return [
        across,
        down.encode(x=altair.X("to:Q"), y="method:N", y2="reference:N"),
        *haloed(base.encode(x=altair.X("middle:Q"), y="method:N", text="label:N"), dy=-14),
    ]


def _measured(records: list[dict[str, Any]], gaps: Mapping[str, tuple[str, str]]) -> list[dict[str, Any]]:
    value = {record["method"]: record["value"] for record in records}
    missing = sorted({name for pair in gaps.values() for name in pair} - value.keys())
    if missing:
        raise ValueError(f"gaps names {missing}, which occur in no row: expected some of {sorted(value)}")
    return [
        {
            "method": method,
            "reference": reference,
            "value": value[method],
            "to": value[reference],
            "middle": (value[method] + value[reference]) / 2,
            "label": f"{label} {value[reference] - value[method]:.3f}",
        }
        for label, (method, reference) in gaps.items()
    ]


def cleaned(
    rows: Iterable[Row], name: str | None, numbers: Sequence[str], keep: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Rows for JSON: names as text, numbers as float, None for non-finite values."""
    names, records = [*([name] if name else []), *keep], []
    for index, row in enumerate(rows):
        lacking = [key for key in (*names, *numbers) if key not in row]
        if lacking:
            raise ValueError(f"row {index} lacks {lacking}: it has {sorted(row)}")
        records.append({key: str(row[key]) for key in names} | {key: finite(row[key]) for key in numbers})
    if not records:
        raise ValueError("rows is empty: nothing to draw")
    return records


def data(rows: Iterable[Row]) -> altair.Data:
    """Rows as the data of a chart, without numbers that are not finite, such as the ends of an undefined interval."""
    return altair.Data(values=[{k: finite(x) if isinstance(x, float) else x for k, x in row.items()} for row in rows])


def _sample(records: list[dict[str, Any]]) -> str:
    sizes = {int(record["n"]) for record in records}
    if sizes == {1}:
        return f" {NO_INTERVAL}"
    size = str(sizes.pop()) if len(sizes) == 1 else f"{min(sizes)} to {max(sizes)}"
    return f" (mean and 95 % interval, n = {size})"


def _series(field: str, names: Sequence[str], symbol: str = "stroke") -> altair.Color:
    """Colour of each name, with a legend of lines or of points, as drawn."""
    look: dict[str, Any] = {"symbolType": symbol, "symbolOpacity": 1, "symbolSize": 500 if symbol == "stroke" else 100}
    legend = altair.Legend(title=None, orient="bottom", columns=legend_columns(names), **look)
    return altair.Color(f"{field}:N", scale=hues(names), legend=legend)


def legend_columns(names: Sequence[str]) -> int:
    """Number of names that fit beside each other in a legend, in a wide font."""
    return max(1, min(LEGEND_COLUMNS, WIDTH // round(SYMBOL + LETTER * max(map(len, names), default=1))))


def _dashes(field: str | None, names: Sequence[str]) -> Any:
    if field is None:
        return altair.Undefined
    known = ordered(names)  # not in the order at the right edge, so that a method keeps its pattern across charts
    patterns = [DASHES[known.index(name) % len(DASHES)] for name in names]
    return altair.StrokeDash(f"{field}:N", scale=altair.Scale(domain=list(names), range=patterns))


def _by_last_value(records: list[dict[str, Any]], x: str, y: str, color: str) -> list[str]:
    last = {record[color]: record[y] for record in sorted(records, key=lambda record: record[x])}
    return sorted(last, key=lambda name: -last[name])


def haloed(text: altair.Chart, **style: Any) -> list[altair.Chart]:
    """Text with a white halo that separates it from the lines behind."""
    return [text.mark_text(stroke=PAPER, strokeWidth=4, **style), text.mark_text(color=INK, **style)]


def tooltip(name: str | None, *numbers: str) -> list[altair.Tooltip]:
    """Tooltip of a chart: a name, and numbers to four digits."""
    words = [altair.Tooltip(f"{name}:N")] if name else []
    return words + [altair.Tooltip(f"{key}:Q", format=".4~g") for key in numbers]


def finished(chart: Any, alt: str, title: str) -> Any:
    """Add the alt text and the wrapped title to a chart."""
    chart = chart.properties(description=checked_alt(alt))
    return chart.properties(title=balanced(title, TITLE_LETTERS)) if title else chart


def balanced(words: str, most: int) -> list[str]:
    """Break text into as few lines of at most `most` letters as it needs, all of nearly the same length."""
    lines = textwrap.wrap(words, most, break_on_hyphens=False)
    widths = range(len(words) // max(len(lines), 1), most)
    tried = (textwrap.wrap(words, width, break_on_hyphens=False) for width in widths if width)
    return next((one for one in tried if len(one) == len(lines)), lines)
