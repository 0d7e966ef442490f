"""Charts and tables of the subspace study: curves of numbers or of means with their intervals, and rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import altair
import torch
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.charts import DASHES, LETTER, WIDTH, data, finished, haloed, lines_chart, named_at_ends, tooltip
from mrilib.figures.theme import INK, MUTED, NAMED, PAPER, colors_of
from mrilib.gap import FractionClosed, Interval, mean_interval
from mrilib.paper_a.provable_adaptation.trials import log_slope
from mrilib.subspace import SubspaceModel, alpha_moments, best_alpha, denoise, leading_deviation, seeded

TILT, SIGNAL, CLOUD = math.radians(25), 1.5, 250  # of the drawing: angle of the subspace, ‖x‖, measurements
LEFT, BOTTOM, WIDE = -0.35, -0.5, 4.1  # and its part of the plane
DRAWING = (395, 265)  # CSS pixels of one panel
ASIDE = 0.07  # distance of an arrow from the line of the subspace
SIDES = ((8, 18), (-10, -14), (12, -8), (6, 22))  # pixels from the marks of a panel to their names
DOWN, LOWER = -0.2, 0.3  # height of the lowest name of an estimate, and from one to the next
DOTS, ROW_HEIGHT, NUMBERS, ROOM = 100, 34, 14, 60  # of dots with intervals; ROOM for the numbers at the right
STEEP = -0.25  # log–log slope below which a spread falls
AXIS = torch.tensor([[math.cos(TILT)], [math.sin(TILT)]], dtype=torch.float64)  # the subspace of the drawing
HARM = "#D6246E"  # TTT does harm
Values = Sequence[float | Interval] | Tensor


def curve_chart(
    x: Sequence[float] | Tensor,
    curves: Mapping[str, Values],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    title: str = "",
    log_x: bool = False,
) -> altair.LayerChart:
    """Chart named curves over the same `x`, with a band if the values are intervals.

    Colours and line patterns follow the order in which the curves are given.

    Raises ValueError if the length of a curve differs from that of `x`.
    """
    rows = [
        {"x": at, "curve": name, **_ends(value)}
        for name, values in curves.items()
        for at, value in zip(x, values, strict=True)
    ]
    axes: dict[str, Any] = {"x_title": x_title, "y_title": y_title, "band": ("low", "high"), "log_x": log_x}
    chart = lines_chart(rows, "x", "value", "curve", **axes, alt=alt, title=title)
    ends = [row[key] for row in rows for key in ("value", "low", "high")]
    return _in_order(named_at_ends(chart, rows, ("x", "value", "curve"), (min(ends), max(ends))), list(curves))


def _in_order(chart: altair.LayerChart, names: Sequence[str]) -> altair.LayerChart:
    """The chart with colours and line patterns by the places of its curves in `names`."""
    hues = dict(zip(names, colors_of(names), strict=True))
    patterns = [DASHES[place % len(DASHES)] for place in range(len(names))]
    layers: list[Any] = chart.layer
    curves, *words = layers
    for layer in curves.layer:
        layer.encoding.color["scale"] = altair.Scale(domain=names, range=list(hues.values()))
        if layer.encoding.strokeDash is not altair.Undefined:
            layer.encoding.strokeDash["scale"] = altair.Scale(domain=names, range=patterns)
    for word in words:
        word.mark.color = hues[word.data.values[0]["name"]]
    return chart


def loss_chart(lost: Mapping[str, Mapping[str, Interval]]) -> altair.LayerChart:
    """What each estimator loses on P and on Q to the best linear one for it, the shared α first."""
    rows = [
        {"name": f"{side}: {by}", "color": NAMED[side], **_ends(value)}
        for side, means in lost.items()
        for by, value in means.items()
    ]
    shared = [next(iter(means.values())) for means in lost.values()]
    word = "neither" if all(one.low > 0 for one in shared) else "only some"
    title = f"One α for both noise levels is best for {word}"
    return _dots_chart(rows, "risk lost to the best linear estimator, per dimension", title)


def gain_chart(gains: Mapping[str, Interval]) -> altair.LayerChart:
    """What TTT removes from the risk under each shift, paired by draw."""
    hues = {name: NAMED["TTT"] if gain.low > 0 else HARM if gain.high < 0 else MUTED for name, gain in gains.items()}
    rows = [{"name": name, "color": hues[name], **_ends(gain)} for name, gain in gains.items()]
    helped, harmed = sum(gain.low > 0 for gain in gains.values()), sum(gain.high < 0 for gain in gains.values())
    title = f"TTT lowers the risk under {helped} of {len(rows)} shifts and raises it under {harmed}"
    return _dots_chart(rows, "risk removed by TTT, per dimension (below 0: TTT does harm)", title)


def _dots_chart(rows: Sequence[Mapping[str, Any]], x_title: str, title: str) -> altair.LayerChart:
    """Dots with intervals, one line each, their numbers at the right, and 0."""
    records = [{**row, "label": _signed(row["value"])} for row in rows]
    names = [row["name"] for row in rows]
    width = round(WIDTH - LETTER * max(map(len, names)) - ROOM)
    y = altair.Y("name:N", sort=names, title=None, axis=altair.Axis(ticks=False, domain=False, grid=True))
    base = altair.Chart(data(records)).encode(y=y, color=altair.Color("color:N", scale=None))
    zero = altair.Chart(data([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5).encode(x=altair.X("zero:Q"))
    x = altair.X("value:Q", title=x_title, axis=altair.Axis(tickCount=6), scale=altair.Scale(padding=16))
    layers = [
        zero,
        base.mark_rule(strokeWidth=3).encode(x=altair.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=DOTS, opacity=1).encode(x=x, tooltip=tooltip("name", "value", "low", "high")),
        base.mark_text(align="left", dx=NUMBERS).encode(x=altair.value(width), text="label:N"),
    ]
    alt = f"{title}: " + "; ".join(f"{row['name']} {row['label']}" for row in records)
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=ROW_HEIGHT * len(rows))


def rates_in_short(slopes: Sequence[Mapping[str, Any]]) -> str:
    """In which regimes the spread of α falls with n, from `slope_rows`."""
    falls = [f"{row['regime']} (slope {_signed(row['measured']['value'], 2)})" for row in slopes if _falls(row)]
    stays = [row["regime"] for row in slopes if not _falls(row)]
    told = f"The spread of α falls with n for {' and '.join(falls) or 'none'}"
    return f"{told}; it stays for {' and '.join(stays)}" if stays else told


def _falls(row: Mapping[str, Any]) -> bool:
    return row["measured"]["high"] < STEEP


def _signed(value: float, digits: int = 3) -> str:
    text = f"{value:+.{digits}f}".replace("-", "−")
    return text if text.strip("+−0.") else text.lstrip("+−")


def findings(
    trained: float,
    best: tuple[float, float],
    minimiser: Interval,
    share: FractionClosed,
    slope: Interval,
    exact: float,
    harm: Sequence[str],
) -> Markdown:
    """What the study showed, in three sentences with their numbers.

    Args:
        trained: α at the end of supervised training.
        best: α of least risk on P and on Q.
        minimiser: α that minimises the mean loss on Q.
        share: share of the gap that TTT on one measurement closes.
        slope, exact: log–log slope of the spread of α, measured and of the exact law.
        harm: shifts under which TTT raises the risk.
    """
    lines = [
        f"**On average, adaptation is exact.** Training ends at α = {trained:.3f} (theory {best[0]:.3f}), and the mean "
        f"loss is smallest at α = {minimiser} (theory {best[1]:.3f}).",
        f"**One measurement** closes {share} of the gap; the spread of α falls with a slope of {slope} "
        f"(exact law {exact:.3f}).".replace("law -", "law −"),
        f"**TTT does harm** under {len(harm)} of these shifts: {', '.join(harm)}."
        if harm
        else "**TTT does no harm** here.",
    ]
    return Markdown("\n".join(f"- {line}" for line in lines))


def slope_rows(
    regimes: Mapping[str, Sequence[tuple[int, int]]], logs: Mapping[str, Tensor], noise: float
) -> list[dict[str, Any]]:
    """Log–log slope of the standard deviation of α̂ over n in each regime: measured, exact law, leading order.

    Args:
        regimes: name → (n, d) of each size.
        logs: name → `log_deviations` of its sizes, (sizes, count); yields the interval of the measured slope.
    """
    rows = []
    for name, shapes in regimes.items():
        sizes = [n for n, _ in shapes]
        exact = torch.tensor([alpha_moments(n, d, noise)[1] for n, d in shapes], dtype=torch.float64)
        leading = torch.tensor([leading_deviation(n, d, noise) for n, d in shapes], dtype=torch.float64)
        theory = {"exact": float(log_slope(sizes, exact.log())), "leading": float(log_slope(sizes, leading.log()))}
        rows.append({"regime": name, "measured": asdict(mean_interval(log_slope(sizes, logs[name]))), **theory})
    return rows


def _ends(value: float | Interval | Tensor) -> dict[str, float]:
    if isinstance(value, Interval):
        return {"value": value.value, "low": value.low, "high": value.high}
    return dict.fromkeys(("value", "low", "high"), float(value))


def subspace_drawing(sigma: float, varsigma: float) -> altair.HConcatChart:
    """Draw the model in the plane: a signal on a line, its measurements on P and on Q, and the estimates of one.

    The one measurement is off by a standard deviation along the line and across it. Source: paper A, §6.
    """
    panels = [_plane(f"P, training: noise σ = {sigma:g}", sigma, {"trained on P": sigma})]
    both = {"trained on P": sigma, "trained on Q": varsigma}
    panels += [_plane(f"Q, test: noise ς = {varsigma:g}", varsigma, both)]
    more, shrinkage = ("More", "more") if varsigma > sigma else ("Less", "less")
    best = [
        f"α = {_shrinkage(level):.2f} is best on {side}" for side, level in zip("PQ", (sigma, varsigma), strict=True)
    ]
    title = f"{more} noise, {shrinkage} shrinkage: {', '.join(best)}"
    alt = f"{title}. A line, a signal on it, and noisy measurements around it, for noise of {sigma:g} and {varsigma:g}"
    drawing = altair.hconcat(*panels, spacing=24).resolve_scale(color="independent", shape="independent")
    return finished(drawing, alt, title)


def _shrinkage(noise: float) -> float:
    return float(best_alpha(AXIS, SubspaceModel(AXIS, noise)))


def _plane(title: str, noise: float, estimators: Mapping[str, float]) -> altair.LayerChart:
    """One panel of `subspace_drawing`: the way of one measurement, projected onto the line and then shrunk along it."""
    along = AXIS[:, 0]
    across = torch.stack([-along[1], along[0]])
    x = SIGNAL * along
    y = x + noise * (along + across)
    projected = along * (along @ y)
    cloud = x + noise * torch.randn(CLOUD, 2, generator=seeded(0), dtype=torch.float64)
    places = {"0": 0 * x, "signal x": x, "measurement y": y, "projection": projected}
    estimates = {
        f"{name}: α = {_shrinkage(level):.2f}": denoise(torch.tensor(_shrinkage(level)), AXIS, y)
        for name, level in estimators.items()
    }
    hues = dict(zip(estimates, colors_of(list(estimators)), strict=True))
    layers = [
        _drawn([_at(point) for point in cloud]).mark_point(filled=True, size=14, color=MUTED, opacity=0.22, clip=True),
        _drawn([_at(end * along) for end in (-WIDE, WIDE)]).mark_line(color=INK, strokeWidth=1.2, clip=True),
        _drawn([_at(y), _at(projected)]).mark_line(color=MUTED, strokeDash=[5, 3], strokeWidth=2),
    ]
    for row, (name, place) in enumerate(estimates.items()):
        layers += _estimate(name, place, projected, across, row, len(estimates), hues[name])
    names = zip(places.items(), SIDES, ("cross", "circle", "circle", "cross"), (INK, INK, MUTED, MUTED), strict=True)
    for (name, place), (dx, dy), shape, hue in names:
        mark, align = _drawn([_at(place) | {"name": name}]), "right" if dx < 0 else "left"
        layers += [mark.mark_point(filled=True, shape=shape, size=150, opacity=1, color=hue, stroke=PAPER)]
        layers += haloed(mark.encode(text="name:N"), align=align, dx=dx, dy=dy)
    panel: Any = altair.layer(*layers)
    return panel.properties(width=DRAWING[0], height=DRAWING[1], title=title)


def _estimate(
    name: str, place: Tensor, start: Tensor, across: Tensor, row: int, rows: int, hue: str
) -> list[altair.Chart]:
    """An arrow beside the line from the projection to its shrunk estimate, a mark there, and its name below."""
    aside = ASIDE * (1 - 2 * row) * across
    below = torch.tensor([float(place[0]), DOWN + LOWER * (rows - 1 - row)], dtype=torch.float64)
    words = _drawn([_at(below) | {"name": name}]).encode(text="name:N")
    style: dict[str, Any] = {"align": "left", "dx": -4, "dy": 10, "fontWeight": "bold"}
    return [
        _drawn([_at(place), _at(below)]).mark_line(color=hue, strokeWidth=1),
        _drawn([_at(start + aside), _at(place + aside)]).mark_line(color=hue, strokeWidth=4),
        _drawn([_at(place)]).mark_point(filled=True, shape="diamond", size=190, opacity=1, color=hue, stroke=PAPER),
        words.mark_text(stroke=PAPER, strokeWidth=4, **style),
        words.mark_text(color=hue, **style),
    ]


def _drawn(rows: Sequence[Mapping[str, Any]]) -> altair.Chart:
    """Points of the plane, without axes, at the same scale in both directions."""
    top = BOTTOM + WIDE * DRAWING[1] / DRAWING[0]
    x = altair.X("x:Q", scale=altair.Scale(domain=[LEFT, LEFT + WIDE], nice=False), axis=None)
    y = altair.Y("y:Q", scale=altair.Scale(domain=[BOTTOM, top], nice=False), axis=None)
    return altair.Chart(altair.Data(values=list(rows))).encode(x=x, y=y)


def _at(place: Tensor) -> dict[str, float]:
    return {"x": float(place[0]), "y": float(place[1])}
