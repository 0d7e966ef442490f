"""Charts of the reconstruction of lesions: gains by place, against healthy heads and slices, and lesion by lesion."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import altair

from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import INK, NAMED, colors_of
from mrilib.gap import Interval
from mrilib.paper_b.pathologies.analysis import (
    BOTH_ARMS,
    HEALTHY_ARMS,
    SIZES,
    box_ssim,
    difference,
    healthy_line,
    height,
    models,
)
from mrilib.paper_b.pathologies.experiment import MORE, with_lesions, without_lesions
from mrilib.paper_b.pathologies.report import PLACES
from mrilib.paper_b.study import Study

PANEL = 320  # pixels
PAIRS = 640, 300  # pixels of the chart of single lesions
LITTLE = 3  # a change so many times smaller than another is small
HIDDEN = "Whole-slice scores hide the gain inside small lesions"
CHANGED = "What lesions in the training set change"
TRAINED = {"healthy heads (P)": HEALTHY_ARMS, "heads with and without lesions (P and Q)": BOTH_ARMS}


def gains_chart(study: Study, kind: str) -> altair.LayerChart:
    """SSIM of the network trained with lesions minus that of one trained on as many healthy slices, by region."""
    inside, whole = difference(study, "P and Q", MORE, "small"), study.difference("P and Q", MORE, with_lesions(study))
    hidden = inside.low > 0 and inside.value > LITTLE * abs(whole.value)
    title = f"{HIDDEN if hidden else CHANGED} ({kind} data)"
    rows = [{"name": PLACES[size], **vars(difference(study, "P and Q", MORE, size))} for size in SIZES] + [
        {"name": name, **vars(study.difference("P and Q", MORE, tests))}
        for name, tests in {PLACES[""]: with_lesions(study), "healthy slices": without_lesions(study)}.items()
    ]
    x_title = "gain in SSIM from lesions in the training set (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def against_slices(study: Study, kind: str) -> altair.LayerChart:
    """What lesions in the training set change inside lesions, for each size of the training set, paired by lesion."""
    rows = [
        {
            "name": _slices(study.arms[arm].train_slices, study.arms[both].train_slices),
            "series": PLACES[size],
            **vars(difference(study, both, arm, size)),
        }
        for arm, both in zip(HEALTHY_ARMS, BOTH_ARMS, strict=False)
        for size in SIZES
    ]
    better = sum(row["low"] > 0 for row in rows)
    title = f"Training on lesions raises SSIM inside lesions in {better} of {len(rows)} comparisons ({kind} data)"
    x_title = "gain in SSIM inside lesions from also training on lesions (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _slices(healthy: int, both: int) -> str:
    return f"{healthy:,} healthy slices (+{both - healthy:,} with lesions)"


def against_healthy(study: Study, sizes: Sequence[str], kind: str) -> altair.FacetChart:
    """SSIM in lesions (or, for the size "", of whole slices with lesions) against SSIM on healthy slices."""
    heights = {size: height(study, size) for size in sizes}
    rows = [
        {"trained on": words, "panel": f"{PLACES[size]}: {measured(found, signed=True)}", "x": x, "y": y}
        | {"line": slope * x + intercept}
        for size, found in heights.items()
        for slope, intercept in (healthy_line(study, size),)
        for words, names in TRAINED.items()
        for x, y in models(study, names, size).points
    ]
    title = f"{in_short(heights)} ({kind} data)"
    y_title = "mean SSIM inside the lesions' boxes" if all(sizes) else "mean SSIM"
    return _panels(rows, "mean SSIM on healthy slices", y_title, title)


def in_short(heights: Mapping[str, Interval]) -> str:
    """Where the networks that saw lesions lie relative to the line of the others, by size."""
    return f"Networks trained with lesions lie {_above(heights)} the line of those trained without"


def _above(heights: Mapping[str, Interval]) -> str:
    """Where networks lie relative to the line, as far as the intervals support it."""
    if all(found.low > 0 for found in heights.values()):
        most = number(max(found.value for found in heights.values()))
        return f"{'up to ' if len(heights) > 1 else ''}{most} above"
    return "not everywhere above" if any(found.excludes_zero for found in heights.values()) else "on"


def _panels(rows: Sequence[Mapping[str, Any]], x_title: str, y_title: str, title: str) -> altair.FacetChart:
    """Points and the line of the first training set, one panel per region, one colour per training set."""
    names = list(dict.fromkeys(row["trained on"] for row in rows))
    x = altair.X("x:Q", title=x_title, scale=altair.Scale(zero=False, padding=16), axis=altair.Axis(tickCount=4))
    y = altair.Y("y:Q", title=y_title, scale=altair.Scale(zero=False, padding=12), axis=altair.Axis(tickCount=6))
    legend = altair.Legend(title=None, orient="bottom", labelLimit=320)
    color = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shape = altair.Shape("trained on:N", scale=altair.Scale(domain=names, range=["circle", "square"]), legend=legend)
    base = altair.Chart().encode(x=x, tooltip=tooltip("trained on", "x", "y"))
    line = base.mark_line(strokeWidth=2, color=colors_of(names)[0]).encode(y=altair.Y("line:Q", title=y_title))
    layers = [line, base.mark_point(filled=True, size=110, opacity=1).encode(y=y, color=color, shape=shape)]
    order = list(dict.fromkeys(row["panel"] for row in rows))
    width = PANEL if len(order) > 1 else 2 * PANEL
    panels = altair.layer(*layers, data=data(rows)).properties(width=width, height=PANEL)
    chart = panels.facet(altair.Facet("panel:N", sort=order, title=None))
    said = "; ".join(f"{r['trained on']}, {r['panel']}, at {r['x']:.4g}: {r['y']:.3f}" for r in rows)
    return finished(chart, f"{title}: {said}", title)


def lesion_chart(study: Study, arm: str, other: str, kind: str) -> altair.LayerChart:
    """SSIM of every small lesion's box, the network `other` minus `arm`, a bar each, from the lowest to the highest."""
    pairs = zip(box_ssim(study, other, "small"), box_ssim(study, arm, "small"), strict=True)
    gains = sorted(one - two for one, two in pairs)
    better, worse = (sum(sign * gain > 0 for gain in gains) for sign in (1, -1))
    rows = [
        {"rank": rank + 1, "gain": gain, "color": NAMED[other if gain > 0 else "P"]} for rank, gain in enumerate(gains)
    ]
    x = altair.X(
        "rank:Q",
        title="small lesions, sorted by the difference",
        scale=altair.Scale(domain=[0, len(gains) + 1], nice=False),
        axis=altair.Axis(tickCount=8, format="d"),
    )
    y = altair.Y("gain:Q", title="SSIM: trained with lesions minus without")
    bars = altair.Chart(data(rows)).mark_bar(size=max(1.0, 0.75 * PAIRS[0] / len(gains)))
    mean = difference(study, other, arm, "small")
    chart = altair.layer(
        bars.encode(x=x, y=y, color=altair.Color("color:N", scale=None), tooltip=tooltip(None, "gain")),
        altair.Chart(data([{"zero": 0}])).mark_rule(color=INK).encode(y=altair.Y("zero:Q")),
        *_half(f"{better} score higher when trained {_on(other)}", PAIRS[0] - 60, 16, "right", NAMED[other]),
        *_half(f"{worse} score higher when trained {_on(arm)}", 60, PAIRS[1] - 16, "left", NAMED["P"]),
    )
    title = f"{better} of {len(gains)} small lesions score higher with lesions in the training set"
    title += f"; the mean difference is {number(mean.value, signed=True)} ({kind} data)"
    alt = f"{title}: {len(gains)} small lesions; {worse} score higher when trained {_on(arm)}, "
    alt += f"{better} when trained {_on(other)}; differences from {number(gains[0], signed=True)} to "
    return finished(chart, f"{alt}{number(gains[-1], signed=True)}", title).properties(width=PAIRS[0], height=PAIRS[1])


def _on(arm: str) -> str:
    """What a network was trained on, in words."""
    return {"P and Q": "with lesions", "P": "on healthy heads", MORE: "on healthy heads only"}.get(arm, f"on {arm}")


def _half(words: str, x: int, y: int, align: Literal["left", "right"], color: str) -> list[altair.Chart]:
    """Words about one half of the chart, in its colour, at a place in pixels."""
    base = altair.Chart(data([{"words": words}])).encode(x=altair.value(x), y=altair.value(y), text="words:N")
    return [base.mark_text(align=align, fontWeight="bold", color=color)]
