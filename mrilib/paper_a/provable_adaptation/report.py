"""Charts and tables of the subspace study: curves of numbers or of means with their intervals, and rates."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import altair
import torch
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.charts import (
    DASHES,
    HEIGHT,
    LETTER,
    WIDTH,
    data,
    finished,
    lines_chart,
    named_at_ends,
    tooltip,
)
from mrilib.figures.plot import stacked
from mrilib.figures.theme import INK, MUTED, NAMED, colors_of
from mrilib.gap import FractionClosed, Interval, mean_interval
from mrilib.paper_a.provable_adaptation.trials import Descent, log_slope
from mrilib.subspace import alpha_moments, leading_deviation

PANEL = 170  # CSS pixels: height of one of two charts below one another
NEAR = 0.005  # of a value reached by training
DOTS, ROW_HEIGHT, NUMBERS = 100, 34, 14  # of dots with intervals; NUMBERS: between them and their numbers
STEEP = -0.25  # log–log slope below which a spread falls
HARM = "#D6246E"  # TTT does harm
LITTLE = 0.01  # share of the training signal's energy; a risk that changes by less hardly changes
SHIFTS = {  # in words
    "noise level": "more noise everywhere",
    "signal halved": "signal half as strong",
    "subspace turned": "subspace rotated",
    "louder inside": "more noise inside the subspace",
    "louder outside": "more noise outside the subspace",
}
NOISES = {"P": "training noise (P)", "Q": "test noise (Q)"}
RESIDUAL = "non-linear, α(y) from the residual"
TTT = "non-linear, TTT"
ESTIMATORS = {
    "one linear for both": "one linear α for both",
    RESIDUAL: "α from the residual",
    TTT: "TTT on one measurement",
}
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
    hues: Mapping[str, str] | None = None,
    height: int = HEIGHT,
) -> altair.LayerChart:
    """Chart named curves over the same `x`, with a band if the values are intervals.

    Colours, other than those in `hues`, and line patterns follow the order in which the curves are given.

    Raises ValueError if the length of a curve differs from that of `x`.
    """
    rows = [
        {"x": at, "curve": name, **_ends(value)}
        for name, values in curves.items()
        for at, value in zip(x, values, strict=True)
    ]
    axes: dict[str, Any] = {"x_title": x_title, "y_title": y_title, "band": ("low", "high"), "log_x": log_x}
    chart = lines_chart(rows, "x", "value", "curve", **axes, alt=alt, title=title).properties(height=height)
    ends = [row[key] for row in rows for key in ("value", "low", "high")]
    named = named_at_ends(chart, rows, ("x", "value", "curve"), (min(ends), max(ends)))
    return _in_order(named, list(curves), hues or {})


def _in_order(chart: altair.LayerChart, names: Sequence[str], chosen: Mapping[str, str]) -> altair.LayerChart:
    """The chart with line patterns and, unless chosen, colours by the positions of its curves in `names`."""
    hues = dict(zip(names, colors_of(names), strict=True)) | dict(chosen)
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


def losses_chart(alphas: Tensor, single: Tensor, means: Sequence[Interval], risks: Tensor) -> altair.LayerChart:
    """Self-supervised loss, for single measurements and their mean, and risk, all as changes from α = 0.

    Args:
        alphas: (k,).
        single: losses of a few measurements, (k, count).
        means: mean loss of all measurements at each α.
        risks: in closed form, (k,).
    """
    mean, closed = f"mean of {means[0].n} measurements", "risk on Q"
    few = {f"measurement {at + 1}": single[:, at] for at in range(single.shape[1])}
    apart = max(abs(one.value - float(of)) for one, of in zip(means, risks, strict=True))
    title = f"The mean loss follows the risk to within {apart:.3f}; the loss of one measurement does not"
    hues = dict.fromkeys(few, MUTED) | {mean: NAMED["TTT"], closed: NAMED["Q"]}
    axes: dict[str, Any] = {
        "x_title": "α (1 = no shrinkage)",
        "y_title": "change from α = 0, per dimension",
        "hues": hues,
    }
    return curve_chart(alphas, few | {mean: means, closed: risks}, **axes, title=title, alt=f"Loss and risk: {title}")


def descents_chart(alphas: Tensor, best: float) -> altair.LayerChart:
    """α at each step of TTT on single measurements, (steps + 1, count), with the best α."""
    few = {f"measurement {at + 1}": alphas[:, at] for at in range(alphas.shape[1])}
    start, ends, aim = float(alphas[0, 0]), alphas[-1], "best on Q"
    title = f"TTT moves α from {start:.2f} to values between {ends.min():.2f} and {ends.max():.2f}; {best:.2f} is best"
    hues = dict.fromkeys(few, NAMED["TTT"]) | {aim: NAMED["Q"]}
    axes: dict[str, Any] = {"x_title": "TTT step", "y_title": "α (1 = no shrinkage)", "hues": hues}
    curves: dict[str, Values] = few | {aim: [best] * len(alphas)}
    return curve_chart(range(len(alphas)), curves, **axes, title=title, alt=title)


def loss_chart(lost: Mapping[str, Mapping[str, Interval]]) -> altair.LayerChart:
    """Loss of each estimator on P and on Q relative to the best linear estimator for the same noise, shared α first."""
    rows = [
        {"name": f"{ESTIMATORS.get(by, by)}, {NOISES[side]}", "color": NAMED[side], **_ends(means[by])}
        for by in next(iter(lost.values()))
        for side, means in lost.items()
    ]
    shared = [next(iter(means.values())) for means in lost.values()]
    worse = sum(one.low > 0 for one in shared)
    word = "best for neither" if worse == len(shared) else f"measurably worse for {worse} of {len(shared)}"
    title = f"One α for both noise levels is {word}"
    measured = [means[RESIDUAL] for means in lost.values() if RESIDUAL in means]
    near = len(measured) == len(lost) == len(NOISES) and all(one.high < LITTLE for one in measured)
    title += "; α from the residual is nearly best for both" if near else ""
    return _dots_chart(rows, "risk above that of the best linear estimator for the same noise, per dimension", title)


def training_chart(paths: Mapping[str, Descent], best: float) -> altair.VConcatChart:
    """Overlap of the trained subspace with the signal's, and α, at each step of training by each loss.

    Args:
        paths: trajectories of training by name of the loss.
        best: α with the least risk.
    """
    found = all(math.isclose(path.watched[-1], 1, abs_tol=NEAR) for path in paths.values())
    right = all(math.isclose(path.alphas[-1], best, abs_tol=NEAR) for path in paths.values())
    ends = " and ".join(f"{path.alphas[-1]:.3f} ({name})" for name, path in paths.items())
    reached = f"the best α, {best:.2f}" if right else f"α = {ends} where {best:.3f} is best"
    title = f"Training finds {'the subspace' if found else 'only a part of the subspace'} and {reached}"
    curves = {
        "Share of the signal's energy that the estimator's subspace captures": {n: p.watched for n, p in paths.items()},
        "Shrinkage α": {name: path.alphas for name, path in paths.items()},
    }
    axes: dict[str, Any] = {"y_title": "", "alt": title, "height": PANEL}
    panels = {
        words: curve_chart(range(len(next(iter(one.values())))), one, x_title="step" if at else "", **axes)
        for at, (words, one) in enumerate(curves.items())
    }
    return stacked(panels, alt=f"{title}. Last α: {ends}", title=title)


def gain_chart(gains: Mapping[str, Interval]) -> altair.LayerChart:
    """What TTT removes from the risk under each shift, paired by draw."""
    hues = {1: NAMED["TTT"], 0: MUTED, -1: HARM}
    rows: list[dict[str, Any]] = []
    for name, gain in gains.items():
        label = _signed(gain.value) + _doubt(gain)
        rows.append({"name": SHIFTS.get(name, name), "color": hues[effect(gain)], **_ends(gain), "label": label})
    helped, harmed = (sum(effect(gain) == sign for gain in gains.values()) for sign in (1, -1))
    title = f"TTT helps under {helped} of {len(rows)} shifts and does harm under {harmed or 'none'}"
    return _dots_chart(rows, "risk removed by TTT, per dimension (below 0: TTT does harm)", title)


def effect(gain: Interval) -> int:
    """Whether TTT lowers the risk (1), raises it (-1), or changes it by less than `LITTLE` or than its interval (0)."""
    if abs(gain.value) < LITTLE or not gain.excludes_zero:
        return 0
    return 1 if gain.value > 0 else -1


def _doubt(gain: Interval) -> str:
    """Why a gain is neither help nor harm: the whole interval is little, or the interval leaves it open."""
    if effect(gain):
        return ""
    return ", hardly any" if max(abs(gain.low), abs(gain.high)) < LITTLE else ", uncertain"


def _dots_chart(rows: Sequence[Mapping[str, Any]], x_title: str, title: str) -> altair.LayerChart:
    """Dots with intervals, one line each, their numbers at the right, and 0."""
    records = [{"label": _signed(row["value"]), **row} for row in rows]
    names = [row["name"] for row in rows]
    longest = sum(max(len(record[key]) for record in records) for key in ("name", "label"))
    width = round(WIDTH - LETTER * longest - NUMBERS)
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
    return f"{told}; it does not fall for {' or '.join(stays)}" if stays else told


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
    """Three sentences on the results of the study, with their numbers.

    Args:
        trained: α at the end of supervised training.
        best: α with the least risk on P and on Q.
        minimiser: α that minimises the mean loss on Q.
        share: share of the gap that TTT on one measurement closes.
        slope, exact: log–log slope of the spread of α, measured and by the exact law.
        harm: shifts under which TTT raises the risk.
    """
    lines = [
        f"**On average, adaptation is exact.** Training ends at α = {trained:.3f} (theory {best[0]:.3f}), and the mean "
        f"loss is smallest at α = {minimiser} (theory {best[1]:.3f}).",
        f"**TTT on one measurement** closes {share} of the gap. The spread of α falls with n; its log–log slope is "
        f"{slope} (exact law {exact:.3f}).".replace("law -", "law −"),
        f"**TTT does harm** under {len(harm)} of these shifts: {', '.join(SHIFTS.get(name, name) for name in harm)}."
        if harm
        else "**TTT does no clear harm** under these shifts.",
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
