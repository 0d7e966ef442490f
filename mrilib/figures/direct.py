"""Curves with their names beside their right ends, in place of a legend."""

from collections.abc import Iterable, Mapping
from typing import Any

import altair

from mrilib.figures.charts import LETTER, cleaned, finished, lines_chart
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.theme import colors_of

HEIGHT, LEADING, BESIDE = 300, 17, 10  # pixels: of the plot, from name to name, and from a curve to its name


def labelled_chart(
    rows: Iterable[Mapping[str, Any]],
    x: str,
    y: str,
    color: str,
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
    band: tuple[str, str] | None = None,
    log_x: bool = False,
    bottom: float | None = None,
) -> altair.LayerChart:
    """Curves as in `lines_chart`, each with its name in its colour at its right end.

    Args:
        bottom: lower end of the vertical axis, below which curves and bands are cut off; that of the data if None.

    Raises as `lines_chart`.
    """
    given = list(rows)
    axes: dict[str, Any] = {"x_title": x_title, "y_title": y_title, "band": band, "log_x": log_x}
    curves = lines_chart(given, x, y, color, alt=alt, **axes)
    records = [row for row in cleaned(given, color, (x, y, *(band or ()))) if row[y] is not None]
    last = {row[color]: row[y] for row in sorted(records, key=lambda row: row[x])}
    names = sorted(last, key=lambda name: -last[name])
    spread = [row[key] for row in records for key in (y, *(band or ())) if row[key] is not None]
    low, high = (min(spread) if bottom is None else bottom), max(spread)
    places = spaced([last[name] for name in names], LEADING * (high - low or 1) / HEIGHT)
    colors = dict(zip(names, colors_of(names), strict=True))
    width = round(PAGE - LETTER * max(map(len, names)))
    words = [
        altair.Chart(altair.Data(values=[{y: place, "name": name}]))
        .mark_text(align="left", dx=BESIDE, color=colors[name], fontWeight="bold")
        .encode(x=altair.value(width), y=altair.Y(f"{y}:Q"), text="name:N")
        for name, place in zip(names, places, strict=True)
    ]
    for layer in curves.layer:
        layer.encoding.color.legend = None
        if bottom is not None:
            layer.mark.clip = True
            layer.encoding.y.scale = altair.Scale(domain=[low, high], nice=False)
    for name in ("description", "width", "height"):  # of the whole, below
        curves[name] = altair.Undefined
    return finished(altair.layer(curves, *words), alt, title).properties(width=width, height=HEIGHT)


def spaced(places: list[float], apart: float) -> list[float]:
    """Places in falling order, moved down as little as needed so that neighbours are `apart`, then centred again."""
    moved: list[float] = []
    for place in places:
        moved.append(min(place, moved[-1] - apart) if moved else place)
    shift = sum(place - there for place, there in zip(places, moved, strict=True)) / max(len(places), 1)
    return [there + shift for there in moved]
