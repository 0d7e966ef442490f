"""Charts of the reconstruction of lesions: gains by place, against healthy heads and slices, and lesion by lesion."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import MUTED, colors_of
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
PAIRS = 540, 440  # pixels of the chart of single lesions
LITTLE = 3  # a change so many times smaller than another is small
TRAINED = {"healthy heads (P)": HEALTHY_ARMS, "healthy and with lesions (P and Q)": BOTH_ARMS}


def gains_chart(study: Study, kind: str) -> altair.LayerChart:
    """SSIM of the network trained with lesions minus that of one trained on as many healthy slices, by region."""
    inside, whole = difference(study, "P and Q", MORE, "small"), study.difference("P and Q", MORE, with_lesions(study))
    by, of = (number(found.value, signed=True) for found in (inside, whole))
    but = "but only" if abs(inside.value) > LITTLE * abs(whole.value) else "and"
    title = f"Lesions in the training set change SSIM by {by} inside small lesions, {but} {of} on whole slices"
    title = f"{title} ({kind} data)"
    rows = [{"name": PLACES[size], **vars(difference(study, "P and Q", MORE, size))} for size in SIZES] + [
        {"name": name, **vars(study.difference("P and Q", MORE, tests))}
        for name, tests in {PLACES[""]: with_lesions(study), "healthy slices": without_lesions(study)}.items()
    ]
    x_title = "SSIM gained by lesions in the training set (95 % interval)"
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
    title = f"Lesions in the training set help inside lesions in {better} of {len(rows)} comparisons ({kind} data)"
    x_title = "SSIM gained in lesions by training on lesions, too (95 % interval)"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _slices(healthy: int, both: int) -> str:
    return f"{healthy:,} healthy slices (+{both - healthy:,})"


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
    y_title = "mean SSIM of the lesions' boxes" if all(sizes) else "mean SSIM"
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
    """SSIM of every small lesion's box, one network against another, with the line where they agree."""
    pairs = zip(box_ssim(study, other, "small"), box_ssim(study, arm, "small"), strict=True)
    points = [{"x": x, "y": y} for x, y in pairs]
    ends = [min(min(p.values()) for p in points), max(max(p.values()) for p in points)]
    scale = altair.Scale(domain=ends, nice=True)
    x = altair.X("x:Q", title=f"SSIM of the lesion, trained {_on(other)}", scale=scale, axis=altair.Axis(tickCount=8))
    y = altair.Y("y:Q", title=f"SSIM of the lesion, trained {_on(arm)}", scale=scale)
    line = altair.Chart(altair.Data(values=[{"x": end, "y": end} for end in ends]))
    dots = altair.Chart(altair.Data(values=points)).mark_point(filled=True, size=60, opacity=0.6)
    chart = altair.layer(
        line.mark_line(color=MUTED, strokeWidth=1.5, strokeDash=[4, 3]).encode(x=x, y=y),
        dots.encode(x=x, y=y, tooltip=tooltip(None, "x", "y")),
        *_half(f"better when trained {_on(other)}", PAIRS[0] - 14, PAIRS[1] - 16, "right"),
        *_half(f"better when trained {_on(arm)}", 14, 16, "left"),
    )
    below, above = (sum(sign * p["x"] > sign * p["y"] for p in points) for sign in (1, -1))
    title = f"{below} of {len(points)} small lesions score higher with lesions in the training set ({kind} data)"
    alt = f"{title}: {len(points)} small lesions; {above} score higher when trained {_on(arm)}, the others {_on(other)}"
    return finished(chart, alt, title).properties(width=PAIRS[0], height=PAIRS[1])


def _on(arm: str) -> str:
    """What a network was trained on, in words."""
    return {"P and Q": "with lesions", "P": "on healthy heads", MORE: "on healthy heads only"}.get(arm, f"on {arm}")


def _half(words: str, x: int, y: int, align: str) -> list[altair.Chart]:
    """Words in one half of the chart, at a place in pixels."""
    base = altair.Chart(data([{"words": words}])).encode(x=altair.value(x), y=altair.value(y), text="words:N")
    return haloed(base, align=align, fontWeight="bold")
