"""One chart of SSIM against the regularisation weight: three distributions in colour, the others grey."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import LEADING, data, finished, spaced, tooltip
from mrilib.figures.theme import MUTED, SERIES_COLORS
from mrilib.paper_b.wavelets_need_tuning.experiment import Tuning

WIDTH, HEIGHT, BESIDE, PEAK = 460, 320, 10, 200  # pixels; PEAK square pixels of the dot at a best weight
COLORS = (SERIES_COLORS[4], SERIES_COLORS[1], SERIES_COLORS[0])  # by rising best weight
GREY, HEADROOM = "#B4B4B4", 0.09  # of curves that are not emphasised; share of the height above the peaks
Row = dict[str, Any]


def weights_chart(tuning: Tuning, split: str, titles: Mapping[str, str], title: str) -> altair.LayerChart:
    """SSIM relative to the best λ against λ, one curve per distribution with its name at its right end.

    The curves of the first distribution and of those with the smallest and the largest best λ are in colour, with a dot
    at the best λ.
    """
    hues = dict(zip(emphasised(tuning), COLORS, strict=False))
    rows: list[Row] = [
        {**point, "name": titles[name], "color": hues.get(name, GREY), "strong": name in hues}
        for point in tuning.points(split)
        for name in (str(point["distribution"]),)
    ]
    least = min(row["value"] for row in rows)
    scale = altair.Scale(domain=[least * 1.05 or -1, -least * HEADROOM or 1], nice=False)
    ticks = altair.Axis(values=sorted({row["weight"] for row in rows}), grid=False)
    words = "weak  ←  regularisation weight λ (log scale)  →  strong"
    x = altair.X("weight:Q", title=words, axis=ticks, scale=altair.Scale(type="log", nice=False, padding=10))
    y = altair.Y("value:Q", title="SSIM relative to the best λ", scale=scale, axis=altair.Axis(tickCount=6))
    color = altair.Color("color:N", scale=None)
    said = tooltip("name", "weight", "value")
    rows.sort(key=lambda row: row["strong"])
    base = altair.Chart(data(rows)).encode(x=x, y=y, color=color, detail="name:N", tooltip=said)
    peaks = [
        {"name": titles[name], "weight": tuning.best(name), "value": 0, "color": hue, "words": f"{tuning.best(name):g}"}
        for name, hue in hues.items()
    ]
    best = altair.Chart(data(peaks)).encode(x=x, y=y, color=color)
    layers = [
        base.transform_filter("!datum.strong").mark_line(strokeWidth=2),
        base.transform_filter("datum.strong").mark_line(strokeWidth=3, point={"size": 40, "opacity": 1}),
        best.mark_circle(size=PEAK, opacity=1),
        best.mark_text(dy=-16, fontWeight="bold", fontSize=14).encode(text="words:N"),
        _names(rows, y),
    ]
    told = "; ".join(f"{titles[name]} λ = {tuning.best(name):g}" for name in tuning.distributions)
    alt = f"{title}: a curve for each of {len(tuning.distributions)} distributions. Best: {told}"
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def emphasised(tuning: Tuning) -> list[str]:
    """Distributions of the smallest and of the largest best λ, and the first one, by rising best λ."""
    names = sorted(tuning.distributions, key=tuning.best)
    return sorted({names[0], names[-1], tuning.distributions[0]}, key=names.index)


def _names(rows: list[Row], y: altair.Y) -> altair.Chart:
    """Names at the right ends of the curves, kept apart."""
    end = max(row["weight"] for row in rows)
    last = sorted((row for row in rows if row["weight"] == end), key=lambda row: -row["value"])
    span = max(row["value"] for row in rows) - min(row["value"] for row in rows)
    places = spaced([row["value"] for row in last], LEADING * (span or 1) / HEIGHT * (1 + HEADROOM))
    named = [
        {"name": row["name"], "value": place, "color": row["color"] if row["strong"] else MUTED}
        for row, place in zip(last, places, strict=True)
    ]
    base = altair.Chart(data(named)).encode(x=altair.value(WIDTH), y=y, text="name:N")
    return base.mark_text(align="left", dx=BESIDE, fontWeight="bold").encode(color=altair.Color("color:N", scale=None))
