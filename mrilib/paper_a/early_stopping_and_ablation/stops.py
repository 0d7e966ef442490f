"""Chart of one run of test-time training with the image that each stopping rule takes from it."""

from collections.abc import Sequence
from typing import Any

import altair

from mrilib.figures.charts import LETTER, broken, finished, tooltip
from mrilib.figures.charts import WIDTH as PAGE
from mrilib.figures.history import COLOR, MOST_POINTS
from mrilib.figures.sentences import number
from mrilib.figures.theme import INK, MUTED
from mrilib.paper_a.early_stopping_and_ablation.rules import Rule, halts_at, in_words, stopping_point
from mrilib.ttt import History

AXIS = "iteration of TTT (line: until the rule stops; dot: the image it takes)"
PANEL, LANE, BESIDE = 130, 36, 150  # pixels: height of a curve and of a rule's line, and room for words beside it
LETTERS = 24  # in a line of a rule's name


def stops_chart(history: History, rules: Sequence[tuple[Rule, int]], kind: str) -> altair.VConcatChart:
    """Self-validation error and true SSIM against the iteration and, on the same axis, where each rule stops.

    Args:
        history: of a run that went past every stop, with its true scores.
        rules: names and windows; a line per rule goes to the iteration at which it stops, a dot is its image.
        kind: "simulated" or "measured".
    """
    stops = [_stop(history, *rule) for rule in rules]
    end = len(history.validation_error) - 1
    width = round(PAGE - LETTER * LETTERS - BESIDE)
    scale = altair.Scale(domain=[0, end], nice=False)
    axes = (altair.Axis(title=None, labels=False, ticks=False), altair.Axis(title=AXIS))
    x, along = (altair.X("iteration:Q", scale=scale, axis=axis) for axis in axes)
    curves = {"self-validation error": dict(enumerate(history.validation_error)), "true SSIM": history.score}
    panels = [_curve(name, curve, stops, x).properties(width=width, height=PANEL) for name, curve in curves.items()]
    panels.append(_lanes(stops, along, width).properties(width=width, height=LANE * len(stops)))
    best = max(history.score.values())
    told = "; ".join(
        f"{stop['rule']} takes iteration {stop['iteration']}, SSIM {number(stop['ssim'])}" for stop in stops
    )
    title = f"The rule “{stops[0]['rule']}” loses {number(best - stops[0]['ssim'])} in SSIM relative to the best image"
    return finished(altair.vconcat(*panels, spacing=10), f"{title}: {told}", f"{title} ({kind} slice)")


def _stop(history: History, rule: Rule, window: int) -> dict[str, Any]:
    at = stopping_point(history, rule, window)
    halt = at if rule in ("fixed", "oracle") else halts_at(history.validation_error, rule, window)
    end = len(history.validation_error) - 1 if halt is None else halt
    ssim = history.score[at]
    return {
        "rule": in_words(rule, window),
        "iteration": at,
        "halt": end,
        "ssim": ssim,
        "error": history.validation_error[at],
    }


def _curve(name: str, curve: Any, stops: list[dict[str, Any]], x: altair.X) -> Any:
    step = max(1, len(curve) // MOST_POINTS)
    points = [{"iteration": n, "value": value} for n, value in curve.items() if n % step == 0]
    marks = [{**stop, "value": curve[stop["iteration"]]} for stop in stops]
    y = altair.Y("value:Q", title=name, scale=altair.Scale(zero=False), axis=altair.Axis(tickCount=4))
    line = altair.Chart(altair.Data(values=points)).mark_line(color=COLOR).encode(x=x, y=y)
    dots = altair.Chart(altair.Data(values=marks)).mark_point(filled=True, size=90, opacity=1, color=INK)
    return altair.layer(line, dots.encode(x=x, y=y, tooltip=tooltip("rule", "iteration", "ssim")))


def _lanes(stops: list[dict[str, Any]], along: altair.X, width: int) -> Any:
    order = [stop["rule"] for stop in stops]
    labels = altair.Axis(labelExpr=broken(order, LETTERS), labelLimit=0, ticks=False, domain=False, grid=True)
    base = altair.Chart(altair.Data(values=stops)).encode(y=altair.Y("rule:N", sort=order, title=None, axis=labels))
    words = base.transform_calculate(words="'SSIM ' + format(datum.ssim, '.3f')")
    return altair.layer(
        base.transform_calculate(start="0").mark_rule(color=MUTED, strokeWidth=2).encode(x="start:Q", x2="halt:Q"),
        base.mark_point(filled=True, size=90, opacity=1, color=INK).encode(x=along),
        words.mark_text(align="left", dx=12).encode(x=altair.value(width), text="words:N"),
    )
