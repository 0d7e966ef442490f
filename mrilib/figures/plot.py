"""The figures that most notebooks draw: `from mrilib.figures import plot`."""

import html
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import altair

from mrilib.figures.charts import finished, gap_chart, interval_chart, lines_chart
from mrilib.figures.images import (
    comparison,
    error_row,
    image_grid,
    image_png,
    image_row,
    kspace_row,
    mask_image,
    mixed_row,
    phase_row,
)
from mrilib.figures.layout import Picture
from mrilib.figures.theme import METHOD_COLORS, METHOD_ORDER, chart_png, colors_of, enable, finite, ordered
from mrilib.gap import NO_INTERVAL

__all__ = [
    "METHOD_COLORS",
    "METHOD_ORDER",
    "Figure",
    "Picture",
    "Table",
    "colors_of",
    "comparison",
    "enable",
    "error_row",
    "figure_bytes",
    "gap_chart",
    "image_grid",
    "image_png",
    "image_row",
    "interval_chart",
    "kspace_row",
    "lines_chart",
    "mask_image",
    "mixed_row",
    "ordered",
    "phase_row",
    "save",
    "stacked",
    "table",
]

NUMBER = re.compile(r"[−+-]?[\d,.]+( ?%)?( \[.*\])?$|–$")
LONG = re.compile(r"(?<=\S[(/_:])(?=\w)")  # where a name in a text may be broken across lines
WHOLE = re.compile(r"\[[^\]]*\]|\d{4}-\d\d-\d\d")  # not broken across lines: intervals and dates
Figure = Picture | altair.TopLevelMixin


@dataclass(frozen=True)
class Table:
    """A table as HTML with row and column headers, and the same as text."""

    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]
    caption: str = ""
    bold: frozenset[tuple[int, int]] = frozenset()  # (row, column) of the best values

    def _repr_html_(self) -> str:
        styles = [_style(column) for column in zip(*self.cells, strict=True)] or [""] * len(self.headings)
        heads = zip(self.headings, styles, strict=True)
        head = "".join(f'<th scope="col"{style}>{html.escape(heading)}</th>' for heading, style in heads)
        strong = [{column for at, column in self.bold if at == index} for index in range(len(self.cells))]
        body = "".join(f"<tr>{_html_row(*row, styles)}</tr>" for row in zip(self.cells, strong, strict=True))
        caption = f"<caption>{_kept(html.escape(self.caption))}</caption>" if self.caption else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{_kept(body)}</tbody></table>"

    def __repr__(self) -> str:
        lines = [self.headings, *self.cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        text = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines]
        return "\n".join([self.caption, *text] if self.caption else text)


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str] | Mapping[str, str],
    *,
    caption: str = "",
    digits: int = 3,
    best: Sequence[str] = (),
) -> Table:
    """Table of `rows`; the first column names its row.

    Args:
        rows: dicts; an empty list prints as a row of "–", a missing key as "–"; `value`, `low`, `high` print as an
            interval.
        columns: keys in order, or key → heading.
        digits: decimals of non-integer numbers; fewer for numbers above 1 if three significant digits remain.
        best: keys of columns whose largest value is bold.

    Raises:
        ValueError: a column that is in no row.
    """
    headings = dict(columns) if isinstance(columns, Mapping) else {key: key for key in columns}
    records = list(rows) or [dict.fromkeys(headings)]
    unknown = [key for key in headings if not any(key in record for record in records)]
    if unknown:
        raise ValueError(f"columns {unknown} are in no row: expected some of {sorted({k for r in records for k in r})}")
    first = next(iter(headings))
    cells = tuple(
        tuple(_name(record.get(key), digits) if key == first else _cell(record.get(key), digits) for key in headings)
        for record in records
    )
    marked = {(row, at) for at, key in enumerate(headings) if key in best for row in _largest(records, key)}
    return Table(tuple(headings.values()), cells, caption, frozenset(marked))


def stacked(panels: Mapping[str, altair.LayerChart], *, alt: str, title: str) -> altair.VConcatChart:
    """Charts below one another, equally wide, each below its heading.

    Args:
        panels: heading → chart, whose own title and alt text are omitted.
        alt: what the figure shows, for readers who cannot see it.
        title: the figure's message.
    """
    width = min(panel.width for panel in panels.values())
    parts = []
    for words, panel in panels.items():
        part: Any = panel.copy()
        part.description = altair.Undefined
        head = altair.TitleParams(words, fontSize=14, fontWeight="normal", offset=6)
        parts.append(part.properties(title=head, width=width))
    whole = altair.vconcat(*parts, spacing=14).resolve_scale(color="independent", strokeDash="independent")
    return finished(whole, alt, title)


def figure_bytes(figure: Figure) -> bytes:
    """PNG of a picture or an Altair chart, two device pixels per CSS pixel.

    Raises:
        ValueError: `figure` is anything else.
    """
    if isinstance(figure, Picture):
        return figure.png
    if not isinstance(figure, altair.TopLevelMixin):
        raise ValueError(f"figure is a {type(figure).__name__}: expected a Picture or an Altair chart")
    with altair.theme.enable("mrilib"):
        return chart_png(figure.to_dict(), scale=2)


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write `figure` as PNG to `path` atomically; missing folders are created."""
    target = Path(path)
    content = figure_bytes(figure)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{uuid4().hex}.part")
    try:
        part.write_bytes(content)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _style(column: Sequence[str]) -> str:
    """Left-align columns that are not all numbers; Jupyter right-aligns all cells."""
    return "" if all(NUMBER.match(cell) for cell in column) else ' style="text-align: left"'


def _kept(text: str) -> str:
    """HTML whose intervals and dates are not broken across lines."""
    return WHOLE.sub(r'<span style="white-space: nowrap">\g<0></span>', text)


def _html_row(row: Sequence[str], strong: set[int], styles: Sequence[str]) -> str:
    first, *rest = (LONG.sub("<wbr>", html.escape(cell)) for cell in row)
    cells = [f"<strong>{cell}</strong>" if at in strong else cell for at, cell in enumerate(rest, 1)]
    drawn = (f"<td{style}>{cell}</td>" for cell, style in zip(cells, styles[1:], strict=True))
    return f'<th scope="row"{styles[0]}>{first}</th>' + "".join(drawn)


def _largest(records: Sequence[Mapping[str, Any]], key: str) -> list[int]:
    """Rows that hold the largest number of a column, none if it is the only one."""
    cells = [record.get(key) for record in records]
    numbers = [finite(cell["value"] if isinstance(cell, Mapping) else cell) for cell in cells]
    known = [number for number in numbers if number is not None]
    return [row for row, number in enumerate(numbers) if len(known) > 1 and number == max(known)]


def _name(value: Any, digits: int) -> str:
    """A cell of the first column; a number there is a setting and has no more digits than it needs."""
    setting = isinstance(value, float) and (value == 0 or 1e-4 <= abs(value) < 1000)
    return f"{value:.3g}".replace("-", "−") if setting else _cell(value, digits)


def _cell(value: Any, digits: int) -> str:
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        numbers = [finite(value.get(key)) for key in ("value", "low", "high")]
        decimals = _decimals(numbers[0] or 0.0, digits)
        mean, *ends = ("–" if number is None else _fixed(number, decimals) for number in numbers)
        return f"{mean} [{', '.join(ends)}]" if "–" not in ends else f"{mean} {NO_INTERVAL}"
    if isinstance(value, str | bool | int):
        return str(value)
    return _fixed(float(value), _decimals(float(value), digits))


def _decimals(value: float, digits: int) -> int:
    """Decimals that leave a number above 1 three significant digits, at most `digits`."""
    if not math.isfinite(value) or abs(value) <= 1:
        return digits
    return min(digits, max(0, 2 - math.floor(math.log10(abs(value)))))


def _fixed(value: float, decimals: int) -> str:
    """A number with fixed decimals and a true minus sign; what rounds to zero has no sign."""
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if not text.strip("-0.") else text.replace("-", "−")
