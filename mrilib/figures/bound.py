"""Curves with a position moved by a slider of the page; needs no kernel, no notebook trust and no network request."""

from collections.abc import Iterable, Mapping
from typing import Any

import altair

from mrilib.figures.charts import finest, lines_chart
from mrilib.figures.theme import INK, finite
from mrilib.gap import NO_INTERVAL

POSITION = "position"  # name of the slider's parameter; one such chart per figure
WIDTH = 600  # CSS pixels, with room for the values beside the curves
BESIDE, TOP, LEADING = 12, 12, 20  # CSS pixels: distance of the values from the curves, first line, line spacing


def scrubbed_chart(
    rows: Iterable[Mapping[str, Any]],
    x: str,
    y: str,
    color: str,
    *,
    x_title: str,
    y_title: str,
    alt: str,
    chosen: float,
    title: str = "",
    band: tuple[str, str] | None = None,
) -> altair.LayerChart:
    """Curves of `y` over `x`, one per name in `color`, with a rule moved by a slider and the values at the rule.

    The rule is at the measured x nearest to the slider, or at the smaller of two equally near ones.

    Args:
        rows: dicts with the named keys; rows whose y is not finite are omitted.
        band: keys of the lower and upper end of a 95 % band, which are then written out too.
        chosen: initial position of the slider, in units of `x`.

    Raises:
        ValueError: fewer than two x values, or `chosen` outside their range; also the errors of `lines_chart`.
    """
    given = list(rows)
    curves = lines_chart(given, x, y, color, x_title=x_title, y_title=y_title, alt=alt, title=title, band=band)
    shown = [row for row in given if finite(row[y]) is not None]
    places = sorted({float(row[x]) for row in shown})
    if len(places) < 2 or not places[0] <= chosen <= places[-1]:
        found = f"the curves go from {places[0]:g} to {places[-1]:g}" if places else "the curves have no points"
        raise ValueError(f"chosen {chosen:g}: expected a place on curves of at least two points; {found}")
    keys = {"x": x, "y": y, **dict(zip(("low", "high"), band or (), strict=False))}
    records = [{"name": str(row[color])} | {key: finite(row[of]) for key, of in keys.items()} for row in shown]
    reach = altair.binding_range(min=places[0], max=places[-1], step=finest(places), name=f"{x_title} ")
    slider = altair.param(POSITION, value=chosen, bind=reach)
    for mark in _marks(records, x_title):
        curves += mark
    return curves.properties(width=WIDTH).add_params(slider)


def _marks(records: list[dict[str, Any]], x_title: str) -> list[altair.Chart]:
    """The rule, a dot on every curve and, in a column beside them, the values."""
    near = altair.Chart(altair.Data(values=records)).transform_calculate(away=f"abs(datum.x - {POSITION})")
    near = near.transform_window(rank="rank()", sort=[altair.SortField("away"), altair.SortField("x")])
    near = near.transform_filter("datum.rank == 1")
    one = near.transform_aggregate(groupby=["x"]).transform_calculate(words=f"'{x_title} ' + format(datum.x, '.4~g')")
    rule = one.mark_rule(color=INK, strokeWidth=1.5, strokeDash=[4, 3]).encode(x="x:Q")
    dots = near.mark_point(filled=True, size=90, opacity=1, color=INK).encode(x="x:Q", y="y:Q")
    names = list(dict.fromkeys(record["name"] for record in records))
    values = [mark for row, name in enumerate(names) for mark in _reading(near, name, row, "low" in records[0])]
    return [rule, dots, _written(one, 0), *values]


def _reading(near: altair.Chart, name: str, row: int, banded: bool) -> list[altair.Chart]:
    """Name and value of one curve at the rule."""
    number = "format(datum.y, '.3f')"
    if banded:
        ends = "' [' + format(datum.low, '.3f') + ', ' + format(datum.high, '.3f') + ']'"
        number += f" + (isValid(datum.low) ? {ends} : ' {NO_INTERVAL}')"
    own, line = near.transform_filter(altair.datum.name == name), 2 * row + 1.5
    label, value = (own.transform_calculate(words=words) for words in ("datum.name + ':'", number))
    return [_written(label, line), _written(value, line + 1)]


def _written(words: altair.Chart, line: float) -> altair.Chart:
    place = {"x": altair.value(WIDTH + BESIDE), "y": altair.value(TOP + LEADING * line)}
    return words.mark_text(align="left", color=INK).encode(text="words:N", **place)
