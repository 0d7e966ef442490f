"""Curves with their names beside their right ends, in place of a legend."""

from collections.abc import Iterable, Mapping
from typing import Any

import altair

from mrilib.figures.charts import HEIGHT, cleaned, lines_chart, named_at_ends


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
    height: int = HEIGHT,
) -> altair.LayerChart:
    """Curves as in `lines_chart`, each with its name in its colour at its right end; `height` in CSS pixels.

    Raises the errors of `lines_chart`.
    """
    given = list(rows)
    axes: dict[str, Any] = {"x_title": x_title, "y_title": y_title, "band": band, "log_x": log_x}
    curves = lines_chart(given, x, y, color, alt=alt, title=title, **axes).properties(height=height)
    records = [row for row in cleaned(given, color, (x, y, *(band or ()))) if row[y] is not None]
    heights = [row[key] for row in records for key in (y, *(band or ())) if row[key] is not None]
    return named_at_ends(curves, records, (x, y, color), (min(heights), max(heights)))
