"""Chart of SSIM over the iterations of adaptation, one curve per starting point."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import BESIDE, DASHES, HEIGHT, LEADING, data, finished, spaced, tooltip
from mrilib.figures.sentences import number
from mrilib.figures.theme import log_ticks
from mrilib.gap import mean_interval
from mrilib.paper_a.side_words import side_name
from mrilib.paper_a.zero_shot_and_untrained.charts import KINDS, kind_of
from mrilib.paper_a.zero_shot_and_untrained.words import STARTS, in_words, short
from mrilib.store.tables import Row

LEVEL = 0.005  # a fall below LEVEL is none
WIDTH, LEADER_LINE = 460, 30  # CSS pixels: of the curves, and from the axis to the names


def curves_chart(curves: Mapping[str, Row], shift: str, kind: str) -> altair.LayerChart:
    """Mean SSIM over the iterations from every start, named at its end; an arrow marks the deepest fall below a start.

    Args:
        curves: method → its stored row, with `iterations` and, for every slice, `ssim`.
        shift: the pair P, Q.
        kind: "simulated" or "measured".
    """
    points = curve_points(curves)
    count = len(next(iter(curves.values()))["ssim"])
    title = f"{_message(points)} ({kind} data)"
    ends = _ends(points)
    told = ", ".join(f"{end['name']} {number(end['value'], 2)}" for end in ends)
    steps = [row["step"] for row in points]
    colour = altair.Color("kind:N", scale=altair.Scale(domain=[*KINDS], range=[*KINDS.values()]), legend=None)
    dash = altair.Scale(domain=[*STARTS], range=DASHES)
    across = altair.X(
        "step:Q",
        title="iteration + 1 (log scale)",
        scale=altair.Scale(type="log", nice=False),
        axis=altair.Axis(values=log_ticks(steps)),
    )
    up = altair.Y("value:Q", title=f"SSIM, mean of {count} slices of {side_name(shift, 'Q')}")
    drawn = altair.Chart(data(points)).mark_line()
    layers: list[altair.Chart] = [
        drawn.encode(
            x=across,
            y=up,
            color=colour,
            detail="method:N",
            strokeDash=altair.StrokeDash("method:N", scale=dash, legend=None),
            tooltip=tooltip("name", "step", "value"),
        )
    ]
    for end in ends:
        words = altair.Chart(data([end])).mark_text(align="left", dx=BESIDE, fontWeight="bold")
        line = altair.Chart(data([end])).mark_rule(strokeWidth=1, opacity=0.5)
        right = altair.value(WIDTH + LEADER_LINE)
        layers += [
            line.encode(x="step:Q", x2=right, y=altair.Y("value:Q"), y2="place:Q", color=colour),
            words.encode(x=right, y=altair.Y("place:Q"), text="label:N", color=colour),
        ]
    layers += _fall(points, colour)
    alt = f"{title}. SSIM against iterations, ending at: {told}"
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def curve_points(curves: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Rows of curves: `step` counted from 1, `method`, its `name` and `kind`, and the mean over slices."""
    return [
        {"step": iteration + 1, "method": name, "name": in_words(name), "kind": kind_of(name)}
        | vars(mean_interval(scores))
        for name, curve in curves.items()
        for iteration, scores in zip(curve["iterations"], zip(*curve["ssim"], strict=True), strict=True)
    ]


def deepest_points(points: list[dict[str, Any]]) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """First and lowest point of the mean curve of every method."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for point in points:
        rows.setdefault(point["method"], []).append(point)
    return {name: (own[0], min(own, key=lambda row: row["value"])) for name, own in rows.items()}


def _depths(points: list[dict[str, Any]]) -> dict[str, float]:
    return {name: start["value"] - low["value"] for name, (start, low) in deepest_points(points).items()}


def _message(points: list[dict[str, Any]]) -> str:
    depths = _depths(points)
    name = max(depths, key=depths.__getitem__)
    if depths[name] < LEVEL:
        return "SSIM never falls below its initial value"
    start, low = (number(row["value"], 2) for row in deepest_points(points)[name])
    stay = len(depths) > 1 and all(depth < LEVEL for other, depth in depths.items() if other != name)
    rest = "; for the others, it stays above its initial value" if stay else ""
    return f"For {short(name)}, SSIM first falls from {start} to {low}{rest}"


def _fall(points: list[dict[str, Any]], colour: altair.Color) -> list[altair.Chart]:
    depths = _depths(points)
    name = max(depths, key=depths.__getitem__)
    if depths[name] < LEVEL:
        return []
    start, low = deepest_points(points)[name]
    mark = {"step": low["step"], "value": low["value"], "from": start["value"], "kind": low["kind"]}
    mark["label"] = f"−{number(depths[name], 2)}"
    base = altair.Chart(data([mark])).encode(x="step:Q")
    return [
        base.mark_rule(strokeWidth=1.5).encode(y=altair.Y("from:Q"), y2="value:Q", color=colour),
        base.mark_point(shape="triangle-down", filled=True, size=70, dy=-6).encode(y=altair.Y("value:Q"), color=colour),
        base.mark_text(align="left", dx=6, fontWeight="bold")
        .encode(y=altair.Y("middle:Q"), text="label:N", color=colour)
        .transform_calculate(middle="(datum.value + datum.from) / 2"),
    ]


def _ends(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    last = {row["method"]: row for row in points}
    ranked = sorted(last.values(), key=lambda row: -row["value"])
    heights = [row["value"] for row in points]
    apart = LEADING * (max(heights) - min(min(heights), 0.0) or 1) / HEIGHT
    places = spaced([row["value"] for row in ranked], apart)
    return [
        row | {"place": place, "label": f"{number(row['value'], 2)} {row['name']}"}
        for row, place in zip(ranked, places, strict=True)
    ]
