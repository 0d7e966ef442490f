"""Charts and tables of the subspace study: curves of numbers or of means with their intervals, and rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import altair
import torch
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.charts import finished, haloed
from mrilib.figures.plot import colors_of, interval_chart, lines_chart
from mrilib.figures.theme import INK, MUTED
from mrilib.gap import FractionClosed, Interval, mean_interval
from mrilib.paper_a.provable_adaptation.trials import log_slope
from mrilib.subspace import SubspaceModel, alpha_moments, best_alpha, denoise, leading_deviation, seeded

TILT, SIGNAL, CLOUD = math.radians(25), 1.5, 300  # of the drawing: angle of the subspace, ‖x‖, measurements
LEFT, BOTTOM, WIDE = -0.8, -0.85, 5.0  # and its part of the plane
SIDES = (("right", -12, -10), ("left", 14, -8), ("left", 14, 12), ("left", 4, 24), ("left", -8, 42))  # of the names
DRAWING = (390, 250)  # CSS pixels of one panel
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

    Raises ValueError if the length of a curve differs from that of `x`.
    """
    rows = [
        {"x": at, "curve": name, **_ends(value)}
        for name, values in curves.items()
        for at, value in zip(x, values, strict=True)
    ]
    axes: dict[str, Any] = {"x_title": x_title, "y_title": y_title, "band": ("low", "high"), "log_x": log_x}
    return lines_chart(rows, "x", "value", "curve", **axes, alt=alt, title=title)


def group_chart(
    groups: Mapping[str, Mapping[str, Interval]], *, x_title: str, y_title: str, title: str
) -> altair.LayerChart:
    """Chart differences with intervals side by side in each group, and 0; the alt text lists all of them."""
    rows = [
        {"group": group, "by": by, **_ends(value)} for group, means in groups.items() for by, value in means.items()
    ]
    alt = f"{title}. " + "; ".join(f"{row['group']}, {row['by']}: {row['value']:.3f}" for row in rows)
    return _with_zero(interval_chart(rows, "group", color="by", x_title=x_title, y_title=y_title, alt=alt, title=title))


def gain_chart(gains: Mapping[str, Interval]) -> altair.LayerChart:
    """What TTT removes from the risk under each shift, paired by draw."""
    rows = [{"shift": name, **_ends(gain)} for name, gain in gains.items()]
    helped, harmed = sum(gain.low > 0 for gain in gains.values()), sum(gain.high < 0 for gain in gains.values())
    title = f"TTT lowers the risk under {helped} of {len(rows)} shifts and raises it under {harmed}"
    alt = f"{title}: " + "; ".join(f"{row['shift']} {row['value']:.3f}" for row in rows)
    axes = {"x_title": "what differs at test", "y_title": "risk before TTT − after, per dimension"}
    return _with_zero(interval_chart(rows, "shift", **axes, title=title, alt=alt))


def _with_zero(chart: altair.LayerChart) -> altair.LayerChart:
    line = altair.Chart(altair.Data(values=[{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.5)
    return chart + line.encode(y="zero:Q")


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
    panels = [_plane(f"P: noise σ = {sigma:g}", sigma, {"trained on P": sigma})]
    panels += [_plane(f"Q: noise ς = {varsigma:g}", varsigma, {"trained on P": sigma, "trained on Q": varsigma})]
    alt = f"A line, a signal on it, and noisy measurements around it, for noise of {sigma:g} and {varsigma:g}"
    drawing = altair.hconcat(*panels, spacing=24).resolve_scale(color="independent", shape="independent")
    return finished(drawing, alt, "A measurement is projected onto the subspace, then shrunk")


def _plane(title: str, noise: float, estimators: Mapping[str, float]) -> altair.LayerChart:
    """One panel of `subspace_drawing`, with the estimate of each estimator, optimal for its own noise level."""
    U = torch.tensor([[math.cos(TILT)], [math.sin(TILT)]], dtype=torch.float64)
    across = torch.tensor([-math.sin(TILT), math.cos(TILT)], dtype=torch.float64)
    x = SIGNAL * U[:, 0]
    y = x + noise * (U[:, 0] + across)
    cloud = x + noise * torch.randn(CLOUD, 2, generator=seeded(0), dtype=torch.float64)
    places = {"signal x": x, "measurement y": y, "projection UUᵀy": U[:, 0] * (U[:, 0] @ y)}
    for name, level in estimators.items():
        alpha = best_alpha(U, SubspaceModel(U, level))
        places[f"{name}: α = {alpha:.2f}"] = denoise(alpha, U, y)
    colors = [INK, MUTED, MUTED, *colors_of(list(estimators))]
    marks = [_at(place) | {"name": name} for name, place in places.items()]
    ends = [_at(end * U[:, 0]) for end in (-WIDE, WIDE)]
    drop = [_at(y), _at(places["projection UUᵀy"])]
    own = altair.Color("name:N", scale=altair.Scale(domain=list(places), range=colors), legend=None)
    shape = altair.Shape("name:N", scale=altair.Scale(range=["circle", "cross", "square", "diamond", "triangle-up"]))
    dots = _drawn(marks).mark_point(filled=True, size=130, opacity=1, clip=True)
    words = [
        layer
        for mark, (align, dx, dy) in zip(marks, SIDES, strict=False)
        for layer in haloed(_drawn([mark]).encode(text="name:N"), align=align, dx=dx, dy=dy)
    ]
    layers = [
        _drawn([_at(point) for point in cloud]).mark_point(filled=True, size=14, color=MUTED, opacity=0.3, clip=True),
        _drawn(ends).mark_line(color=INK, strokeWidth=1.5, clip=True),
        _drawn(drop).mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5),
        dots.encode(color=own, shape=shape.legend(None)),
        *words,
    ]
    panel: Any = altair.layer(*layers)
    return panel.properties(width=DRAWING[0], height=DRAWING[1], title=title)


def _drawn(rows: Sequence[Mapping[str, Any]]) -> altair.Chart:
    """Points of the plane, without axes, at the same scale in both directions."""
    top = BOTTOM + WIDE * DRAWING[1] / DRAWING[0]
    x = altair.X("x:Q", scale=altair.Scale(domain=[LEFT, LEFT + WIDE], nice=False), axis=None)
    y = altair.Y("y:Q", scale=altair.Scale(domain=[BOTTOM, top], nice=False), axis=None)
    return altair.Chart(altair.Data(values=list(rows))).encode(x=x, y=y)


def _at(place: Tensor) -> dict[str, float]:
    return {"x": float(place[0]), "y": float(place[1])}
