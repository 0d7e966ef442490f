"""Scores during training as they are and as differences from the end, side by side; stopping points as dots."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import colors_of
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import MUTED
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.experiment import title as named
from mrilib.paper_b.distributional_overfitting.report import SIDES, STEEP, in_words, stops_in_words

PANEL = 318, 270
ROOM = 26  # pixels above and below the lines, for the names at their ends
Curves = Mapping[str, Curve]


def levels_chart(curve: Curve, kind: str) -> altair.HConcatChart:
    """Mean SSIM of both sides by epoch; beside it SSIM minus that at the end, with 95 % bands and the rule's stop."""
    best, fall, rise = curve.epochs[curve.peak], curve.change("Q", curve.peak), curve.change("P", curve.peak)
    said = f"{number(rise.value, signed=True)} in distribution, {number(fall.value, signed=True)} out of distribution"
    title = f"{curve.shift.title}, from epoch {best} on: {said} ({kind} data)"
    levels = [_level(curve, side, point) for side in SIDES for point in _shown(curve)]
    gains = [
        {"side": SIDES[side], "epoch": curve.epochs[point]} | vars(curve.gains[side][curve.epochs[point]])
        for side in SIDES
        for point in _shown(curve)
    ]
    end = curve.epochs[-1]
    ends = "; ".join(f"{row['side']} {row['value']:.3f} at the end" for row in levels if row["epoch"] == end)
    stop = altair.Chart(data([{"epoch": curve.epochs[curve.stop], "word": "the rule stops"}])).encode(x="epoch:Q")
    mark = stop.mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5)
    word = haloed(stop.encode(y=altair.value(10), text="word:N"), align="right", dx=-6)
    left = altair.layer(_lines(levels, "mean SSIM"), *_names(levels))
    right = altair.layer(_band(gains), _lines(gains, "SSIM minus SSIM at the end"), mark, *word)
    panels = [one.properties(width=PANEL[0], height=PANEL[1]) for one in (left, right)]
    return finished(altair.hconcat(*panels, spacing=24), f"{title}: {ends}", title)


def stops_chart(curves: Curves, title: str) -> altair.LayerChart:
    """SSIM where the rule stops minus SSIM at the end, on both sides, one line per training."""
    rows = [
        {"name": named(name), "series": words, **vars(one.gains[side][one.epochs[one.stop]])}
        for name, one in curves.items()
        for side, words in SIDES.items()
    ]
    x_title = "SSIM where the rule stops minus SSIM at the end"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def seen(curves: Curves, chosen: str) -> list[str]:
    """What this run's training loses and gains, what the others lose, and what the rule brings, in sentences."""
    own = {chosen: curves[chosen]} if chosen in curves else {}
    others = [
        f"{named(name)} {measured(one.change('Q', one.peak), signed=True)}"
        for name, one in curves.items()
        if name != chosen
    ]
    told = [f"**The others, out of distribution after their best epoch:** {'; '.join(others)}."] if others else []
    return [*in_words(own), *told, *stops_in_words(own)]


def _shown(curve: Curve) -> list[int]:
    """Points of the curve without the first ones, where scores are far below."""
    return [point for point, epoch in enumerate(curve.epochs) if epoch >= min(STEEP, curve.epochs[-1] // 2)]


def _level(curve: Curve, side: str, point: int) -> dict[str, Any]:
    return {"side": SIDES[side], "epoch": curve.epochs[point], "value": curve.mean(side, point).value}


def _base(rows: list[dict[str, Any]]) -> altair.Chart:
    names = list(SIDES.values())
    color = altair.Color("side:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=None)
    x = altair.X("epoch:Q", title="epoch", scale=altair.Scale(nice=False), axis=altair.Axis(tickCount=5))
    return altair.Chart(data(rows)).encode(x=x, color=color)


def _lines(rows: list[dict[str, Any]], y_title: str) -> altair.Chart:
    room = altair.Scale(zero=False, padding=ROOM)
    y = altair.Y("value:Q", title=y_title, scale=room, axis=altair.Axis(tickCount=6))
    return _base(rows).mark_line(point={"size": 30}).encode(y=y, tooltip=tooltip("side", "epoch", "value"))


def _band(rows: list[dict[str, Any]]) -> altair.Chart:
    return _base(rows).mark_area(opacity=0.18).encode(y=altair.Y("low:Q"), y2="high:Q")


def _names(rows: list[dict[str, Any]]) -> list[altair.Chart]:
    """Names of both sides at the end of their lines, in their colours."""
    last = max(row["epoch"] for row in rows)
    ends = sorted((row for row in rows if row["epoch"] == last), key=lambda row: row["value"])
    style: dict[str, Any] = {"align": "right", "fontWeight": "bold"}
    return [
        _base([row]).mark_text(dy=dy, **style).encode(y="value:Q", text="side:N")
        for row, dy in zip(ends, (20, -14), strict=True)  # outwards from both lines
    ]
