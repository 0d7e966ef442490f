"""Test-time training of every test slice, continued past its stopping point: SSIM and self-validation error."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

import altair

from mrilib.figures.charts import WIDTH, data, tooltip
from mrilib.figures.history import COLOR
from mrilib.figures.plot import stacked
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, MUTED, PAPER
from mrilib.gap import mean_interval
from mrilib.paper_a.early_stopping_and_ablation.rules import Rule, stopping_point
from mrilib.ttt import History

HEIGHTS = {"ssim": 200, "error": 150}  # CSS pixels
TITLES = {
    "ssim": "SSIM minus the slice's best",
    "error": "error minus the lowest",
}
RETURNED, RISE = "images returned", 26  # CSS pixels from the dots to their words
STEPS = 100  # points of a slice's curve; the notebook holds all of them
NEAR = 0.1  # of a run's length
DEEPER = 1.7  # of the largest loss at the end: what is farther from the best, at the start, is cut off


def turning_chart(histories: Sequence[History], rule: Rule, window: int, where: str) -> altair.VConcatChart:
    """True SSIM of every slice, relative to its best image, and below it the self-validation error, by iteration.

    Dots mark the images that the rule returns.

    Args:
        histories: one per slice, of runs that continued past every stop, with the true score at every iteration.
        rule, window: the stopping rule, see `rules.stopping_point`.
        where: number and kind of slices in words.

    Raises:
        ValueError: no histories.
    """
    points, stops, ends = _drawn(histories, rule, window)
    stopped, unstopped = (mean_interval([-one["ssim"] for one in marks]) for marks in (stops, ends))
    places = [history.validation_error.index(min(history.validation_error)) for history in histories]
    lowest, best = median(places), median(max(one.score, key=one.score.__getitem__) for one in histories)
    near = abs(lowest - best) <= NEAR * (len(histories[0].validation_error) - 1)
    losses = f"stopping loses {number(stopped.value)} on average, never stopping {number(unstopped.value)}"
    turns = f"lowest at iteration {lowest:.0f}, image best at {best:.0f} (medians)"
    place = "near" if near else "far from"
    title = f"The error on held-out measurements is lowest {place} the iteration of the best image ({where})"
    alt = f"{title}. SSIM: {losses}; stopped: {stopped}; at the end: {unstopped}. Error: {turns}"
    panels = {
        f"True SSIM: {losses}": _chart("ssim", points, stops, ends),
        f"Error on held-out measurements: {turns}": _chart("error", points, stops, ends),
    }
    return stacked(panels, alt=alt, title=title)


def _drawn(
    histories: Sequence[History], rule: Rule, window: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Points of the curves, of the images returned, and of the last iterations."""
    if not histories:
        raise ValueError("histories are empty: nothing to draw")
    curves = [_points(str(at), history) for at, history in enumerate(histories)]
    stops = [_at(str(at), history, stopping_point(history, rule, window)) for at, history in enumerate(histories)]
    return [point for one in curves for point in one], stops, [one[-1] for one in curves]


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


def _chart(
    key: str, points: list[dict[str, Any]], stops: list[dict[str, Any]], ends: list[dict[str, Any]]
) -> altair.LayerChart:
    reach = DEEPER * max(abs(one[key]) for one in ends)
    end = max(point["iteration"] for point in points)
    scale = altair.Scale(domain=[0, max(end, 1)], nice=False)
    upper = key == "ssim"
    x_title, axis = None if upper else "TTT iteration", altair.Axis(tickCount=8, labels=not upper, ticks=not upper)
    x = altair.X("iteration:Q", title=x_title, scale=scale, axis=axis)
    limits = [-reach, 0.28 * reach] if upper else [-0.12 * reach, reach]
    scale = altair.Scale(domain=limits if reach else [-1, 1], nice=False)
    y = altair.Y(f"{key}:Q", title=TITLES[key], scale=scale, axis=altair.Axis(tickCount=5, format=".2~f"))
    seen = [{name: point[name] for name in ("slice", "iteration", key)} for point in points if abs(point[key]) <= reach]
    curves = altair.Chart(data(seen or stops)).mark_line(color=COLOR, strokeWidth=1.2, opacity=0.4)
    dots = altair.Chart(data(stops)).mark_point(filled=True, size=90, opacity=1, color=INK, stroke=PAPER)
    means = [point for point in _means(points, key) if abs(point[key]) <= reach]
    mean = altair.Chart(data(means)).mark_line(color=COLOR, strokeWidth=4)
    best = altair.Chart(data([{"best": 0}])).mark_rule(color=MUTED, strokeWidth=1.2)
    layers: list[altair.Chart] = [
        best.encode(y=altair.Y("best:Q")),
        curves.encode(x=x, y=y, detail="slice:N"),
        *([mean.encode(x=x, y=y)] if means else []),
        dots.encode(x=x, y=y, tooltip=tooltip("slice", "iteration", key)),
        *(word.encode(x=x, y=y, text="word:N") for word in (_words(means, stops, end) if upper else [])),
    ]
    whole: Any = altair.layer(*layers).properties(width=WIDTH, height=HEIGHTS[key])
    return whole


def _words(means: list[dict[str, Any]], stops: list[dict[str, Any]], end: int) -> list[altair.Chart]:
    """Names of the dots, above them, and of the mean, at its end."""
    middle = sorted(stops, key=lambda one: one["iteration"])[len(stops) // 2]
    dots = altair.Chart(data([{"iteration": middle["iteration"], "ssim": 0, "word": RETURNED}]))
    align: Any = "right" if middle["iteration"] > end / 2 else "left"  # else the words could leave the chart
    named = [dots.mark_text(align=align, dy=-RISE, color=INK, fontWeight="bold")]
    if means:
        last = altair.Chart(data([means[-1] | {"word": "mean"}]))
        named.append(last.mark_text(align="right", dx=-6, dy=24, color=COLOR, fontWeight="bold"))
    return named
