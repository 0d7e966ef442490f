"""Explorer of the subspace theory: sliders for sizes and noise levels, the resulting risks, and the effect of TTT."""

import math
from typing import Any

import altair
import ipywidgets as widgets
import torch

from mrilib.figures.charts import finished, haloed
from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.figures.theme import INK, PAPER
from mrilib.paper_a.provable_adaptation.report import curve_chart
from mrilib.subspace import SubspaceModel, alpha_moments, best_alpha, break_even, excess_risk, risk

ALPHAS = torch.linspace(0, 1, 51, dtype=torch.float64)
# At V = U, the risk of α per signal dimension depends on the noise alone, so one dimension is enough.
LINE = torch.eye(2, dtype=torch.float64)[:, :1]
SIZES = (16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192)
IMAGE_WIDTH = 660  # CSS pixels
SMALLEST = 5  # smallest d for which α̂ has a finite variance
LABELS = {"before TTT": (12, 4, "left"), "after TTT": (0, -16, "center"), "optimum": (0, 22, "center")}
SHAPES = {"before TTT": "circle", "after TTT": "diamond", "optimum": "cross"}


def risk_marks(n: int, d: int, sigma: float, varsigma: float) -> list[dict[str, Any]]:
    """α and risk on Q per dimension before TTT, after TTT on one measurement, and at the optimum, in closed form.

    Rows have `mark`, `alpha`, `risk`, `low` and `high`; for TTT, the last two are two standard deviations of α̂ about
    its mean, clipped to [0, 1]. Raises ValueError unless 5 ≤ d < n. Source: paper A, §6; `alpha_moments` and
    `excess_risk` for the spread.
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
    """Chart the risk on P and on Q over α, with α before TTT, after TTT and at the optimum; raises as `risk_marks`."""
    levels = {f"P: noise level {sigma:g}": sigma, f"Q: noise level {varsigma:g}": varsigma}
    curves = {name: risk(ALPHAS, LINE, SubspaceModel(LINE, noise)) for name, noise in levels.items()}
    marks = risk_marks(n, d, sigma, varsigma)
    message = verdict(n, d, sigma, varsigma, *(mark["risk"] for mark in marks))
    alt = f"Risk over α on P and Q. {message} " + "; ".join(f"{m['mark']} α = {m['alpha']:.3f}" for m in marks)
    lines = curve_chart(ALPHAS, curves, x_title="shrinkage α", y_title="risk per signal dimension", alt=alt)
    top = max(float(values.max()) for values in curves.values())
    return finished(lines + altair.layer(*_mark_layers(marks, top)), alt, message)


def verdict(n: int, d: int, sigma: float, varsigma: float, before: float, after: float, best: float) -> str:
    """Sentence on the average gain of TTT on one measurement, from the three risks on Q."""
    low, high = break_even(n, d, sigma)
    if low <= varsigma <= high:
        ends = f"above {low:.2f}" if high == math.inf else f"from {low:.2f} to {high:.2f}"
        return (
            f"TTT costs more than it gains for noise levels of Q {ends}: risk {before:.3f} before, {after:.3f} after."
        )
    share = f"{100 * (before - after) / (before - best):.0f} %"
    return f"TTT closes {share} of the gap: risk {before:.3f} before, {after:.3f} after."


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


def _mark_layers(marks: list[dict[str, Any]], top: float) -> list[altair.Chart]:
    x = altair.X("alpha:Q", scale=altair.Scale(domain=[0, 1]))
    y = altair.Y("risk:Q", scale=altair.Scale(domain=[0, top]))
    base = altair.Chart(altair.Data(values=marks)).encode(x=x, y=y)
    shapes = altair.Shape("mark:N", scale=altair.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=None)
    words = []
    for name, (dx, dy, align) in LABELS.items():
        one = base.transform_filter(altair.datum.mark == name).encode(text="mark:N")
        words += haloed(one, dx=dx, dy=dy, align=align)
    return [
        base.mark_rule(color=INK, strokeWidth=2).encode(x=altair.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=130, color=INK, stroke=PAPER, opacity=1).encode(shape=shapes),
        *words,
    ]
