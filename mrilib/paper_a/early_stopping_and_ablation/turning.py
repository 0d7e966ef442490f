"""Test-time training of every test slice past its stop: SSIM turns where the error on held-out measurements does."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import altair

from mrilib.figures.charts import WIDTH, data, finished, tooltip
from mrilib.figures.history import COLOR
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, MUTED, PAPER
from mrilib.gap import mean_interval
from mrilib.paper_a.early_stopping_and_ablation.rules import Rule, stopping_point
from mrilib.ttt import History

HEIGHTS = {"ssim": 230, "error": 130}  # CSS pixels of the panels
HEADINGS = {
    "ssim": "True SSIM, relative to the best image of the slice (dots: images returned, thick line: mean)",
    "error": "Self-validation error, relative to the lowest one of the slice",
}
STEPS = 100  # points of a slice's curve; the notebook holds all of them
DEEPER = 1.7  # of the largest loss at the end: what is farther from the best, at the start, is cut off


def turning_chart(histories: Sequence[History], rule: Rule, window: int, where: str) -> altair.VConcatChart:
    """True SSIM and self-validation error of every slice, relative to its best, by iteration, with the rule's images.

    Args:
        histories: one per slice, of runs that continued past every stop, with the true score at every iteration.
        rule, window: the stopping rule, see `rules.stopping_point`.
        where: number and kind of slices in words.

    Raises:
        ValueError: no histories.
    """
    if not histories:
        raise ValueError("histories are empty: nothing to draw")
    points = [_points(str(at), history) for at, history in enumerate(histories)]
    stops = [_at(str(at), history, stopping_point(history, rule, window)) for at, history in enumerate(histories)]
    ends = [one[-1] for one in points]
    stopped, unstopped = (mean_interval([-one["ssim"] for one in marks]) for marks in (stops, ends))
    title = (
        f"Stopping when the error on held-out measurements rises loses {number(stopped.value)} in SSIM; "
        f"never stopping loses {number(unstopped.value)} ({where})"
    )
    alt = f"{title}. Stopped: {stopped}; at iteration {ends[0]['iteration']}: {unstopped}"
    reach = {key: DEEPER * max(abs(one[key]) for one in ends) for key in HEADINGS}
    drawn = [point for one in points for point in one]
    panels = [_panel(key, drawn, stops, reach[key]) for key in HEADINGS]
    return finished(altair.vconcat(*panels, spacing=14), alt, title)


def _points(name: str, history: History) -> list[dict[str, Any]]:
    last = len(history.validation_error) - 1
    step = max(1, round(last / STEPS))
    return [_at(name, history, n) for n in [*range(0, last, step), last]]


def _at(name: str, history: History, iteration: int) -> dict[str, Any]:
    ssim = history.score[iteration] - max(history.score.values())
    error = history.validation_error[iteration] - min(history.validation_error)
    return {"slice": name, "iteration": iteration, "ssim": round(ssim, 4), "error": round(error, 4)}


def _means(points: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    """Mean over the slices at every iteration."""
    found: dict[int, list[float]] = {}
    for point in points:
        found.setdefault(point["iteration"], []).append(point[key])
    return [{"iteration": n, key: fmean(values)} for n, values in found.items()]


def _panel(key: str, points: list[dict[str, Any]], stops: list[dict[str, Any]], reach: float) -> Any:
    last, end = key == [*HEADINGS][-1], max(point["iteration"] for point in points)
    axis = altair.Axis(title="TTT iteration" if last else None, labels=last, tickCount=8)
    x = altair.X("iteration:Q", axis=axis, scale=altair.Scale(domain=[0, max(end, 1)], nice=False))
    ends = [-reach, 0.06 * reach] if key == "ssim" else [-0.06 * reach, reach]
    scale = altair.Scale(domain=ends if reach else [-1, 1], nice=False)
    y = altair.Y(f"{key}:Q", title=None, scale=scale, axis=altair.Axis(tickCount=5, format=".2~f"))
    seen = [{name: point[name] for name in ("slice", "iteration", key)} for point in points if abs(point[key]) <= reach]
    curves = altair.Chart(data(seen or stops)).mark_line(color=COLOR, strokeWidth=1.2, opacity=0.4)
    dots = altair.Chart(data(stops)).mark_point(filled=True, size=90, opacity=1, color=INK, stroke=PAPER)
    means = [point for point in _means(points, key) if abs(point[key]) <= reach]
    mean = altair.Chart(data(means)).mark_line(color=COLOR, strokeWidth=4)
    best = altair.Chart(data([{"best": 0}])).mark_rule(color=MUTED, strokeWidth=1.2)
    layers = [
        best.encode(y=altair.Y("best:Q")),
        curves.encode(x=x, y=y, detail="slice:N"),
        *([mean.encode(x=x, y=y)] if means else []),
        dots.encode(x=x, y=y, tooltip=tooltip("slice", "iteration", key)),
    ]
    head = altair.TitleParams(HEADINGS[key], fontSize=14, fontWeight="normal", offset=4)
    return altair.layer(*layers).properties(width=WIDTH, height=HEIGHTS[key], title=head)
