"""Chart of networks that saw lesions, above the line of networks that did not, with their gains."""

from typing import Any, Literal

import altair

from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.sentences import measured
from mrilib.figures.theme import INK, NAMED
from mrilib.paper_b.pathologies.analysis import BOTH_ARMS, HEALTHY_ARMS, healthy_line, height, models
from mrilib.paper_b.pathologies.charts import in_short
from mrilib.paper_b.pathologies.pictures import TITLES
from mrilib.paper_b.pathologies.report import PLACES
from mrilib.paper_b.study import Study

WIDTH, HEIGHT, EDGE = 680, 340, 16  # pixels; EDGE from the plot's edges to the words
HEALTHY, BOTH = (f"{TITLES[arm]} ({arm})" for arm in ("P", "P and Q"))
COLORS = {HEALTHY: NAMED["P"], BOTH: NAMED["P and Q"]}
Row = dict[str, Any]


def above_the_line(study: Study, size: str, kind: str) -> altair.LayerChart:
    """SSIM in lesions of a size against SSIM on healthy slices: the line, the networks above it, and their heights."""
    slope, intercept = healthy_line(study, size)
    rows = [
        {"name": words, "x": x, "y": y, "line": slope * x + intercept}
        for words, arms in ((HEALTHY, HEALTHY_ARMS), (BOTH, BOTH_ARMS))
        for x, y in models(study, arms, size).points
    ]
    risen, base = [row for row in rows if row["name"] == BOTH], altair.Chart(data(rows))
    spread = altair.Scale(zero=False, padding=24)
    x = altair.X("x:Q", title="mean SSIM on healthy slices: how good the network is", axis=_axis(), scale=spread)
    inside = f"mean SSIM {PLACES[size]}"
    y = altair.Y("y:Q", title=inside, axis=_axis(), scale=spread)
    color = altair.Color("name:N", scale=altair.Scale(domain=[*COLORS], range=[*COLORS.values()]), legend=None)
    heights = altair.Chart(data(risen)).mark_rule(color=INK, strokeWidth=1.5, strokeDash=[3, 3])
    found = height(study, size)
    layers = [
        base.mark_line(strokeWidth=2.5, color=COLORS[HEALTHY]).encode(
            x=x, y=altair.Y("line:Q", title=inside, scale=spread)
        ),
        heights.encode(x=x, y="line:Q", y2="y:Q"),
        base.mark_circle(size=150, opacity=1).encode(x=x, y=y, color=color, tooltip=tooltip("name", "x", "y")),
        *_words([f"{BOTH}:", f"{measured(found, signed=True)} above the line"], BOTH, EDGE, EDGE, "left"),
        *_words([f"{HEALTHY}:", "the line"], HEALTHY, WIDTH - EDGE, HEIGHT - 2.5 * EDGE, "right"),
    ]
    title = f"{in_short({size: found})} ({kind} data)"
    alt = f"{title}: " + "; ".join(f"{row['name']}, at {row['x']:.4g}: {row['y']:.3f}" for row in rows)
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def _axis() -> altair.Axis:
    return altair.Axis(tickCount=5)


def _words(lines: list[str], name: str, x: float, y: float, align: Literal["left", "right"]) -> list[altair.Chart]:
    """Lines of words in the colour of a training, at a place in pixels."""
    layers = []
    for place, words in enumerate(lines):
        at = altair.Chart(data([{"words": words}])).encode(
            x=altair.value(x), y=altair.value(y + 20 * place), text="words:N"
        )
        halo, _ = haloed(at, align=align, fontWeight="bold", fontSize=15)
        layers += [halo, at.mark_text(align=align, fontWeight="bold", fontSize=15, color=COLORS[name])]
    return layers
