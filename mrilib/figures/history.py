"""Curves of test-time training on one slice, with the iterations of its stop and of the returned image."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import altair

from mrilib.figures.charts import WIDTH, finished, haloed, tooltip
from mrilib.figures.theme import INK, METHOD_COLORS, MUTED, finite

COLOR = METHOD_COLORS["joint on P + TTT"]
PANEL_HEIGHT = 116
MOST_POINTS = 500  # more points than pixels would only make the notebook larger


class Curves(Protocol):
    """Curves to draw: two errors by iteration, and a score at some iterations; `ttt.History` is one."""

    @property
    def train_error(self) -> Sequence[float]: ...

    @property
    def validation_error(self) -> Sequence[float]: ...

    @property
    def score(self) -> Mapping[int, float]: ...


def history_chart(
    history: Curves,
    stopped_at: int | None = None,
    chosen_at: int | None = None,
    *,
    alt: str,
    title: str = "",
    score_title: str = "True SSIM (needs the ground truth)",
) -> altair.VConcatChart:
    """Training error, self-validation error and true score against the iteration, on one x axis.

    Args:
        history: history of a `TTTRecord`; the panel of the score is omitted if no score was requested.
        stopped_at: iteration at which the rule stopped, drawn as a dashed line.
        chosen_at: iteration whose image was returned, drawn as a full line with a dot on every curve.

    Raises ValueError if the history is empty.
    """
    curves = {
        "Training error (relative ℓ1)": dict(enumerate(history.train_error)),
        "Self-validation error (relative ℓ1, held-out measurements)": dict(enumerate(history.validation_error)),
        score_title: history.score,
    }
    if not (drawn := {heading: curve for heading, curve in curves.items() if curve}):
        raise ValueError("history is empty: nothing to draw")
    end = max(max(curve) for curve in drawn.values())
    parts = [_panel(*entry, _marks(stopped_at, chosen_at), end, [*drawn]) for entry in drawn.items()]
    return finished(altair.vconcat(*parts, spacing=14), alt, title)


def _marks(stopped_at: int | None, chosen_at: int | None) -> list[dict[str, Any]]:
    stop, chosen = f"stopped at {stopped_at}", f"image of iteration {chosen_at}"
    if stopped_at == chosen_at and stopped_at is not None:
        return [{"iteration": stopped_at, "label": f"{stop}, image taken", "dot": True, "row": 0}]
    marks = []
    if stopped_at is not None:
        marks.append({"iteration": stopped_at, "label": stop, "dot": chosen_at is None, "row": 0})
    if chosen_at is not None:
        marks.append({"iteration": chosen_at, "label": chosen, "dot": True, "row": 1})
    return marks


def _panel(heading: str, curve: Mapping[int, float], marks: list[dict[str, Any]], end: int, headings: list[str]) -> Any:
    first, last = heading == headings[0], heading == headings[-1]
    axis = altair.Axis(title="iteration" if last else None, labels=last, tickMinStep=1, tickCount=8)
    x = altair.X("iteration:Q", axis=axis, scale=altair.Scale(domain=[0, max(end, 1)], nice=False))
    y = altair.Y("value:Q", title=None, scale=altair.Scale(zero=False), axis=altair.Axis(tickCount=4))
    line = altair.Chart(altair.Data(values=_points(curve, {mark["iteration"] for mark in marks})))
    layers = [
        line.mark_line(color=COLOR, point={"color": COLOR} if len(curve) <= 60 else False).encode(
            x=x, y=y, tooltip=tooltip(None, "iteration", "value")
        )
    ]
    for mark in marks:
        layers += _mark_layers(mark, curve)
    if first:  # drawn last, so that no line crosses them
        layers += _label_layers(marks, end)
    head = altair.TitleParams(heading, fontSize=14, fontWeight="normal", offset=4)
    return altair.layer(*layers).properties(width=WIDTH, height=PANEL_HEIGHT, title=head)


def _mark_layers(mark: dict[str, Any], curve: Mapping[int, float]) -> list[altair.Chart]:
    place = altair.Chart(altair.Data(values=[mark | {"value": finite(curve.get(mark["iteration"]))}]))
    rule = place.mark_rule(color=INK if mark["dot"] else MUTED, strokeDash=[1, 0] if mark["dot"] else [4, 3])
    layers = [rule.encode(x="iteration:Q")]
    if mark["dot"] and mark["iteration"] in curve:
        dot = place.mark_point(filled=True, size=90, opacity=1, color=INK)
        layers.append(dot.encode(x="iteration:Q", y="value:Q"))
    return layers


def _label_layers(marks: list[dict[str, Any]], end: int) -> list[altair.Chart]:
    """Labels of the marks below one another, to the right of the last mark or to the left of the first."""
    if not marks:
        return []
    at = [mark["iteration"] for mark in marks]
    far = max(at) > 0.7 * end
    layers = []
    for mark in marks:
        place = altair.Chart(altair.Data(values=[{"at": min(at) if far else max(at), "label": mark["label"]}]))
        text = place.encode(x="at:Q", y=altair.value(14 + 18 * mark["row"]), text="label:N")
        layers += haloed(text, align="right" if far else "left", dx=-8 if far else 8)
    return layers


def _points(curve: Mapping[int, float], wanted: set[int]) -> list[dict[str, Any]]:
    step = math.ceil(len(curve) / MOST_POINTS)
    kept = {key for index, key in enumerate(sorted(curve)) if index % step == 0} | (wanted & curve.keys())
    return [{"iteration": key, "value": finite(curve[key])} for key in sorted(kept)]
