"""The subspace model: a drawing in the plane, and an explorer of sizes, noise levels and risks."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair
import ipywidgets as widgets
import torch
from torch import Tensor

from mrilib.figures.charts import finished, haloed
from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.figures.theme import INK, MUTED, NAMED, PAPER, colors_of
from mrilib.paper_a.provable_adaptation.report import curve_chart
from mrilib.subspace import SubspaceModel, alpha_moments, best_alpha, break_even, denoise, excess_risk, risk, seeded

ALPHAS = torch.linspace(0, 1, 51, dtype=torch.float64)
# At V = U, the risk of α per signal dimension depends on the noise alone, so one dimension is enough.
LINE = torch.eye(2, dtype=torch.float64)[:, :1]
SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
IMAGE_WIDTH = 660  # CSS pixels
TILT, SIGNAL, CLOUD = math.radians(25), 1.5, 250  # of the drawing: angle of the subspace, ‖x‖, measurements
LEFT, BOTTOM, BREADTH = -0.35, -0.5, 4.1  # and its part of the plane
DRAWING = (395, 290)  # CSS pixels of one panel
NAME_SIZE = 15  # of the names in it, pixels
ASIDE = 0.07  # distance of an arrow from the line of the subspace
SIDES = ((8, 18), (-10, -14), (12, -8), (6, 22))  # pixels from the marks of a panel to their names
DOWN, LOWER = -0.2, 0.3  # height of the lowest name of an estimate, and from one to the next
AXIS = torch.tensor([[math.cos(TILT)], [math.sin(TILT)]], dtype=torch.float64)  # the subspace of the drawing
SMALLEST = 5  # smallest d for which α̂ has a finite variance
LABELS = {"before TTT": (12, 4, "left"), "after TTT": (-8, -24, "right"), "optimum": (4, 22, "left")}
SHAPES = {"before TTT": "circle", "after TTT": "diamond", "optimum": "cross"}
FACTOR = "more shrinkage  ←  factor α  →  no shrinkage"
STEPS, STRIP = 21, 0.045  # points of an arrow, and height of the range of α
ABOVE, SHORT, NEAREST = 0.045, 0.15, 0.06  # of the arrow: distance from the curve, what is left out at its end, length


def risk_marks(n: int, d: int, sigma: float, varsigma: float) -> list[dict[str, Any]]:
    """α and risk on Q per dimension before TTT, after TTT on one measurement, and at the optimum, in closed form.

    Rows have `mark`, `alpha`, `risk`, `low` and `high`; for TTT, `low` and `high` are two standard deviations of α̂
    below and above its mean, clipped to [0, 1]. Raises ValueError unless 5 ≤ d < n. Source: paper A, §6;
    `alpha_moments` and `excess_risk` for the spread.
    """
    Q = SubspaceModel(LINE, varsigma)
    before, best = (float(best_alpha(LINE, model)) for model in (SubspaceModel(LINE, sigma), Q))
    mean, spread = alpha_moments(n, d, varsigma)
    least = float(risk(best, LINE, Q))
    ends = {"low": max(mean - 2 * spread, 0), "high": min(mean + 2 * spread, 1)}
    return [
        {"mark": "before TTT", "alpha": before, "risk": float(risk(before, LINE, Q)), "low": before, "high": before},
        {"mark": "after TTT", "alpha": mean, "risk": least + excess_risk(n, d, varsigma) / d, **ends},
        {"mark": "optimum", "alpha": best, "risk": least, "low": best, "high": best},
    ]


def risk_chart(n: int, d: int, sigma: float, varsigma: float) -> altair.LayerChart:
    """Chart risk on P and on Q over α, with α before TTT, after TTT and at the optimum; errors: see `risk_marks`."""
    levels = {f"P: noise level {sigma:g}": sigma, f"Q: noise level {varsigma:g}": varsigma}
    curves = {name: risk(ALPHAS, LINE, SubspaceModel(LINE, noise)) for name, noise in levels.items()}
    marks = risk_marks(n, d, sigma, varsigma)
    message = verdict(n, d, sigma, varsigma, *(mark["risk"] for mark in marks))
    alt = f"Risk over α on P and Q. {message}. " + "; ".join(
        f"{m['mark']} α = {m['alpha']:.3f}, risk {m['risk']:.3f}" for m in marks
    )
    lines = curve_chart(ALPHAS, curves, x_title=FACTOR, y_title="risk per signal dimension", alt=alt)
    top = max(float(values.max()) for values in curves.values())
    start, end = marks[0]["alpha"], marks[1]["alpha"]
    path = torch.linspace(end + SHORT * (start - end), start, STEPS, dtype=torch.float64)
    tested = SubspaceModel(LINE, varsigma)
    walked = [{"alpha": float(a), "risk": float(risk(a, LINE, tested)) + ABOVE * top} for a in path]
    arrow = walked if abs(start - end) > NEAREST else []
    return finished(lines + altair.layer(*_mark_layers(marks, arrow, top)), alt, message)


def verdict(n: int, d: int, sigma: float, varsigma: float, before: float, after: float, best: float) -> str:
    """Sentence on the average gain of TTT on one measurement, from the three risks on Q."""
    low, high = break_even(n, d, sigma)
    if low <= varsigma <= high:
        ends = f"above {low:.2f}" if high == math.inf else f"from {low:.2f} to {high:.2f}"
        return f"TTT costs more than it gains for noise levels of Q {ends}"
    share = f"{100 * (before - after) / (before - best):.0f} %"
    return f"TTT on one measurement closes {share} of the gap on average"


def subspace_explorer(n: int = 512, d: int = 64, sigma: float = 0.5, varsigma: float = 1.0) -> widgets.VBox:
    """Four sliders for `risk_chart`; every value follows from the closed forms, nothing is sampled.

    Args:
        n, d: dimensions of the measurement and of the signal, 5 ≤ d < n.
        sigma, varsigma: noise levels of training and test, in [0.05, 3].
    """
    size = widgets.SelectionSlider(options=sorted({*SIZES, n}), value=n, description="n, measured", **WIDE)
    kept = widgets.IntSlider(value=d, min=SMALLEST, max=n - 1, description="d, signal", **WIDE)
    size.observe(lambda change: setattr(kept, "max", change["new"] - 1), "value")  # before the chart reads both
    noise = {"min": 0.05, "max": 3, "step": 0.05, **WIDE}
    trained = widgets.FloatSlider(value=sigma, description="noise level of P", **noise)
    tested = widgets.FloatSlider(value=varsigma, description="noise level of Q", **noise)
    return explorer({"n": size, "d": kept, "sigma": trained, "varsigma": tested}, _page)


def _page(n: int, d: int, sigma: float, varsigma: float) -> str:
    chart = risk_chart(n, d, sigma, varsigma)
    return picture(chart, chart.description, IMAGE_WIDTH)


def _mark_layers(marks: list[dict[str, Any]], walked: list[dict[str, Any]], top: float) -> list[altair.Chart]:
    """Marks on the curve of Q, an arrow above it from before to after TTT, and the range of α after TTT on the axis."""
    x = altair.X("alpha:Q", scale=altair.Scale(domain=[0, 1]))
    y = altair.Y("risk:Q", scale=altair.Scale(domain=[0, top]))
    rows = [mark | {"words": f"{mark['mark']}: {mark['risk']:.3f}"} for mark in marks]
    base = altair.Chart(altair.Data(values=rows)).encode(x=x, y=y)
    shapes = altair.Shape("mark:N", scale=altair.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=None)
    words = []
    for name, (dx, dy, align) in LABELS.items():
        one = base.transform_filter(altair.datum.mark == name).encode(text="words:N")
        words += haloed(one, dx=dx, dy=dy, align=align)
    return [
        *_range(next(mark for mark in marks if mark["mark"] == "after TTT"), top),
        *(_arrow(walked, x, y) if walked else []),
        base.mark_point(filled=True, size=130, color=INK, stroke=PAPER, opacity=1).encode(shape=shapes),
        *words,
    ]


def _arrow(walked: list[dict[str, Any]], x: altair.X, y: altair.Y) -> list[altair.Chart]:
    """A line with its head at the first of its points, in the colour of TTT, and its name at the middle."""
    path, head, middle = (
        altair.Chart(altair.Data(values=rows)).encode(x=x, y=y)
        for rows in (walked, walked[:1], [walked[STEPS // 2] | {"name": "TTT"}])
    )
    left = walked[0]["alpha"] < walked[-1]["alpha"]
    return [
        path.mark_line(color=NAMED["TTT"], strokeWidth=4),
        head.mark_point(
            filled=True, shape=f"triangle-{'left' if left else 'right'}", size=260, color=NAMED["TTT"], opacity=1
        ),
        middle.mark_text(color=NAMED["TTT"], fontWeight="bold", fontSize=15, dy=-16).encode(text="name:N"),
    ]


def _range(after: Mapping[str, Any], top: float) -> list[altair.Chart]:
    row = {"low": after["low"], "high": after["high"], "floor": 0, "risk": STRIP * top, "alpha": after["alpha"]}
    base = altair.Chart(altair.Data(values=[row | {"name": "range of α after TTT"}]))
    band = base.mark_rect(color=INK, opacity=0.3).encode(
        x=altair.X("low:Q"), x2="high:Q", y=altair.Y("floor:Q"), y2="risk:Q"
    )
    return [band, *haloed(base.encode(x="alpha:Q", y=altair.Y("risk:Q"), text="name:N"), dy=-10)]


def subspace_drawing(sigma: float, varsigma: float) -> altair.HConcatChart:
    """Draw the model in the plane: a signal on a line, its measurements on P and on Q, and estimates from one.

    This measurement deviates by one standard deviation along the line and by one across it. Source: paper A, §6.
    """
    panels = [_plane(f"P, training: noise level {sigma:g}", sigma, {"trained on P": sigma})]
    both = {"trained on P": sigma, "trained on Q": varsigma}
    panels += [_plane(f"Q, test: noise level {varsigma:g}", varsigma, both)]
    more, shrinkage = ("More", "more") if varsigma > sigma else ("Less", "less")
    best = " and ".join(f"{_shrinkage(level):.2f} on {side}" for side, level in {"P": sigma, "Q": varsigma}.items())
    title = f"{more} noise calls for {shrinkage} shrinkage: the best factor α is {best}"
    alt = f"{title}. A line, a signal on it, and noisy measurements around it, for noise of {sigma:g} and {varsigma:g}"
    drawing = altair.hconcat(*panels, spacing=24).resolve_scale(color="independent", shape="independent")
    return finished(drawing, alt, title)


def _shrinkage(noise: float) -> float:
    return float(best_alpha(AXIS, SubspaceModel(AXIS, noise)))


def _plane(title: str, noise: float, estimators: Mapping[str, float]) -> altair.LayerChart:
    """One panel of `subspace_drawing`: one measurement, projected onto the line and then shrunk along it."""
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
        _drawn([_at(end * along) for end in (-BREADTH, BREADTH)]).mark_line(color=INK, strokeWidth=1.2, clip=True),
        _drawn([_at(y), _at(projected)]).mark_line(color=MUTED, strokeDash=[5, 3], strokeWidth=2),
    ]
    for row, (name, place) in enumerate(estimates.items()):
        layers += _estimate(name, place, projected, across, row, len(estimates), hues[name])
    names = zip(places.items(), SIDES, ("cross", "circle", "circle", "cross"), (INK, INK, MUTED, MUTED), strict=True)
    for (name, place), (dx, dy), shape, hue in names:
        mark, align = _drawn([_at(place) | {"name": name}]), "right" if dx < 0 else "left"
        layers += [mark.mark_point(filled=True, shape=shape, size=150, opacity=1, color=hue, stroke=PAPER)]
        layers += haloed(mark.encode(text="name:N"), align=align, dx=dx, dy=dy, fontSize=NAME_SIZE)
    panel: Any = altair.layer(*layers)
    return panel.properties(width=DRAWING[0], height=DRAWING[1], title=title)


def _estimate(
    name: str, place: Tensor, start: Tensor, across: Tensor, row: int, rows: int, hue: str
) -> list[altair.Chart]:
    """An arrow beside the line from the projection to its shrunk estimate, a mark at this estimate, and its name."""
    aside = ASIDE * (1 - 2 * row) * across
    below = torch.tensor([float(place[0]), DOWN + LOWER * (rows - 1 - row)], dtype=torch.float64)
    words = _drawn([_at(below) | {"name": name}]).encode(text="name:N")
    style: dict[str, Any] = {"align": "left", "dx": -4, "dy": 10, "fontWeight": "bold", "fontSize": NAME_SIZE}
    return [
        _drawn([_at(place), _at(below)]).mark_line(color=hue, strokeWidth=1),
        _drawn([_at(start + aside), _at(place + aside)]).mark_line(color=hue, strokeWidth=4),
        _drawn([_at(place)]).mark_point(filled=True, shape="diamond", size=190, opacity=1, color=hue, stroke=PAPER),
        words.mark_text(stroke=PAPER, strokeWidth=4, **style),
        words.mark_text(color=hue, **style),
    ]


def _drawn(rows: Sequence[Mapping[str, Any]]) -> altair.Chart:
    """Points of the plane, without axes, at the same scale in both directions."""
    top = BOTTOM + BREADTH * DRAWING[1] / DRAWING[0]
    x = altair.X("x:Q", scale=altair.Scale(domain=[LEFT, LEFT + BREADTH], nice=False), axis=None)
    y = altair.Y("y:Q", scale=altair.Scale(domain=[BOTTOM, top], nice=False), axis=None)
    return altair.Chart(altair.Data(values=list(rows))).encode(x=x, y=y)


def _at(place: Tensor) -> dict[str, float]:
    return {"x": float(place[0]), "y": float(place[1])}
