"""Paths through the plane of two scores as a quantity is swept, one panel for each condition."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import Row, cleaned, finest, finished, haloed, tooltip
from mrilib.figures.theme import INK, MUTED, NAMED, with_intervals

PANEL, PANELS_ACROSS, LARGE = (290, 200), 2, (640, 330)
ROOM = 28  # pixels around the points of a panel; below them stand the scores of the chosen one
DRAWN = NAMED["P and Q"]
CORNER: dict[str, Any] = {"dx": -14, "dy": -12, "align": "right"}
STRAIGHT, ASIDE = "if the network were too small for both", {"dx": -12, "dy": 14, "align": "right"}
SHARE = "share of Q"


def sweep_chart(
    rows: Iterable[Row],
    panel: str,
    step: str,
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
    chosen: float | None = None,
    heads: Mapping[str, Sequence[str]] | None = None,
) -> altair.FacetChart:
    """Paths through the plane of scores on P and Q with 95 % intervals in both directions; one panel per condition.

    In each panel, a straight line joins the ends, and a hollow point marks the corner, as in `path_chart`.

    Args:
        rows: dicts with `panel` (a name), `step` (a number), `x`, `x_low`, `x_high`, `y`, `y_low`, `y_high`.
        step: key of the share of Q, one point per value; points are joined in its order.
        chosen: step that is circled and written out, with a slider that moves it without a kernel.
        heads: lines above the panels, by their names, which they replace.
    """
    records = cleaned(rows, panel, (step, *(f"{axis}{end}" for axis in "xy" for end in ("", "_low", "_high"))))
    steps = sorted({record[step] for record in records})
    x = altair.X("x:Q", title=x_title, scale=altair.Scale(zero=False, padding=12), axis=altair.Axis(tickCount=4))
    y = altair.Y("y:Q", title=y_title, scale=altair.Scale(zero=False, padding=ROOM), axis=altair.Axis(tickCount=4))
    names = "format(100 * datum.value, '.3~r') + ' %'"
    legend = altair.Legend(title=SHARE, orient="bottom", symbolSize=90, labelExpr=names)
    hues = {0.0: NAMED["trained on P"], 1.0: NAMED["trained on Q"]}
    scale = altair.Scale(domain=steps, range=[hues.get(one, DRAWN) for one in steps])
    color = altair.Color(f"{step}:N", scale=scale, legend=legend)
    shape = altair.Shape(f"{step}:N", scale=altair.Scale(domain=steps), legend=legend)
    base = altair.Chart().encode(tooltip=tooltip(panel, step, "x", "y"))
    rule = base.mark_rule(strokeWidth=1.2, color=MUTED)
    ends = base.transform_filter(f"datum.{step} === {steps[0]} || datum.{step} === {steps[-1]}")
    corner = altair.Chart().transform_aggregate(first=f"argmin({step})", last=f"argmax({step})", groupby=[panel])
    corner = corner.transform_calculate(x="datum.first.x", y="datum.last.y")
    layers = [
        ends.mark_line(color=MUTED, strokeWidth=1, strokeDash=[4, 3]).encode(x=x, y=y),
        base.mark_line(color=DRAWN, strokeWidth=2).encode(x=x, y=y, order=f"{step}:Q"),
        *with_intervals(rule.encode(x=altair.X("x_low:Q"), x2="x_high:Q", y=y), records, "x_low"),
        *with_intervals(rule.encode(y=altair.Y("y_low:Q"), y2="y_high:Q", x=x), records, "y_low"),
        corner.mark_point(size=110, strokeWidth=2, color=INK, shape="diamond").encode(x=x, y=y),
        base.mark_point(filled=True, size=100, opacity=1).encode(x=x, y=y, color=color, shape=shape),
        *([] if chosen is None else _chosen_layers(base, step, steps)),
    ]
    width, height = PANEL
    panels = altair.layer(*layers, data=altair.Data(values=records)).properties(width=width, height=height)
    order = list(dict.fromkeys(record[panel] for record in records))
    facet = altair.Facet(f"{panel}:N", sort=order, title=None, header=_header(heads))
    chart = panels.facet(facet, columns=PANELS_ACROSS)
    chart = chart.resolve_scale(x="independent", y="independent")
    return finished(chart if chosen is None else chart.add_params(_slider(steps, chosen)), alt, title)


def path_chart(
    rows: Iterable[Row],
    step: str,
    labels: Sequence[str],
    share_of: str = "of Q",
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
) -> altair.LayerChart:
    """One path through the plane of two scores, drawn large, each point with its name.

    A straight line joins the ends, and a hollow point marks the corner at which both scores are as good as at the
    better end.

    Args:
        rows: as in `sweep_chart`, of one condition, in the order of `step`.
        step: key of the swept quantity, from 0 to 1.
        labels: names of the first point, of the last one, and of the corner.
        share_of: what the steps are shares of; the other points are named by them in %.
    """
    records = cleaned(rows, None, (step, *(f"{axis}{end}" for axis in "xy" for end in ("", "_low", "_high"))))
    first, last = records[0], records[-1]
    names = [labels[0], *(f"{100 * record[step]:.3g} % {share_of}" for record in records[1:-1]), labels[1]]
    places = [{"dx": -10, "dy": 18, "align": "right"}, *({"dx": -14, "dy": 16, "align": "right"} for _ in records[2:])]
    places.append({"dx": 12, "dy": 26, "align": "left"})
    corner = {"x": first["x"], "y": last["y"]}
    x = altair.X("x:Q", title=x_title, scale=altair.Scale(zero=False, padding=24), axis=altair.Axis(tickCount=6))
    y = altair.Y("y:Q", title=y_title, scale=altair.Scale(zero=False, padding=24), axis=altair.Axis(tickCount=6))
    base = _placed(records).encode(x=x, y=y, tooltip=tooltip(None, step, "x", "y"))
    rule = base.mark_rule(strokeWidth=2, color=MUTED)
    middle = {axis: (first[axis] + last[axis]) / 2 for axis in "xy"}
    straight = _placed([first, last]).mark_line(color=MUTED, strokeDash=[4, 4]).encode(x=x, y=y)
    path = base.mark_line(color=DRAWN, strokeWidth=3).encode(order=f"{step}:Q")
    layers = [
        straight,
        *with_intervals(rule.encode(x=altair.X("x_low:Q"), x2="x_high:Q"), records, "x_low"),
        *with_intervals(rule.encode(y=altair.Y("y_low:Q"), y2="y_high:Q"), records, "y_low"),
        path,
        base.mark_point(filled=True, size=130, opacity=1, color=DRAWN),
        *(_end(end, f"trained on {side}").encode(x=x, y=y) for end, side in ((first, "P"), (last, "Q"))),
        _placed([corner]).mark_point(size=180, strokeWidth=2.5, color=INK, shape="diamond").encode(x=x, y=y),
    ]
    for record, name, place in [
        *zip(records, names, places, strict=True),
        (corner, labels[2], CORNER),
        (middle, STRAIGHT, ASIDE),
    ]:
        words = _placed([record | {"name": name}]).encode(x=x, y=y, text="name:N")
        layers += haloed(words, fontSize=14, **place)
    width, height = LARGE
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=height)


def _header(heads: Mapping[str, Sequence[str]] | None) -> Any:
    if heads is None:
        return altair.Undefined
    return altair.Header(labelExpr=f"{json.dumps({name: list(lines) for name, lines in heads.items()})}[datum.value]")


def _end(record: dict[str, Any], name: str) -> altair.Chart:
    return _placed([record]).mark_point(filled=True, size=160, opacity=1, color=NAMED[name])


def _placed(records: list[dict[str, Any]]) -> altair.Chart:
    return altair.Chart(altair.Data(values=records))


def _slider(steps: list[float], chosen: float) -> altair.Parameter:
    """Slider of the page, not of the kernel."""
    reach = altair.binding_range(min=steps[0], max=steps[-1], step=finest(steps), name=f"{SHARE} ")
    return altair.param("chosen", value=chosen, bind=reach)


def _chosen_layers(base: altair.Chart, step: str, steps: list[float]) -> list[altair.Chart]:
    near = base.transform_filter(f"abs(datum.{step} - chosen) < {finest(steps) / 2}")
    ring = near.mark_point(size=320, strokeWidth=2.5, color=INK, aria=False).encode(x="x:Q", y="y:Q")
    words = near.transform_calculate(words="'P ' + format(datum.x, '.3f') + ', Q ' + format(datum.y, '.3f')")
    words = words.encode(x=altair.value(6), y=altair.value(PANEL[1] - 16), text="words:N")
    return [ring, *haloed(words, align="left")]
