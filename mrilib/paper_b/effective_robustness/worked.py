"""Effective robustness explained on one shift: a line, a training set above it, and the height between them."""

from typing import Any

import altair
import numpy as np

from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import INK, NAMED
from mrilib.paper_b.effective_robustness.experiment import BEST, SHIFTS, P, Robustness
from mrilib.paper_b.effective_robustness.report import ARROWS, points
from mrilib.paper_b.robustness import fit_line

WIDTH, HEIGHT = 700, 370  # pixels
SMALL, LARGE, HEAD, FAINT = 90, 420, 150, 0.4  # square pixels of marks; opacity of single networks above the line
EDGE, LEADING = 16, 20  # pixels: from the plot's edge to the words there, and from line to line
BASELINE = "trained on the best single dataset of P:", "what SSIM in distribution alone predicts"
Row = dict[str, Any]


def worked_chart(one: Robustness, kind: str) -> altair.LayerChart:
    """The line of P_best, the networks of P with their mean, and the height of the mean above the line."""
    rise = _rise(one)
    title = f"From {ARROWS[one.name].replace(' → ', ' to ')}: {_height_in_words(one)} ({kind} data)"
    rows = [row for row in points({one.name: one}) if row["trained on"] in (BEST, P)]
    line = [row for row in rows if "set" not in row and row["trained on"] == BEST]
    above, base = ([row for row in rows if "set" in row and row["trained on"] == name] for name in (P, BEST))
    layers = [
        altair.Chart(data(line)).mark_line(color=NAMED[BEST], strokeWidth=3).encode(**_place(one)),
        _dots(base, NAMED[BEST], 1.0).encode(**_place(one)),
        _dots(above, NAMED[P], FAINT).encode(**_place(one)),
        *_arrow(rise),
        altair.Chart(data([rise])).mark_circle(size=LARGE, opacity=1, color=NAMED[P]).encode(**_place(one)),
        *_names(rise, f"trained on all {len(SHIFTS[one.name].pair.p)} datasets of P (mean of {len(above)} networks)"),
    ]
    alt = f"{title}: effective robustness {rise['label']}"
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def _place(one: Robustness) -> dict[str, Any]:
    spread = altair.Scale(zero=False, padding=40)
    axis = altair.Axis(tickCount=5)
    source, tested = (side.strip() for side in ARROWS[one.name].split("→"))
    x_title, y_title = f"SSIM in distribution: {source} (P)", f"SSIM out of distribution: {tested} (Q)"
    return {
        "x": altair.X("x:Q", title=x_title, axis=axis, scale=spread),
        "y": altair.Y("y:Q", title=y_title, axis=axis, scale=spread),
    }


def _dots(rows: list[Row], color: str, opacity: float) -> altair.Chart:
    base = altair.Chart(data(rows)).encode(tooltip=tooltip("set", "x", "y"))
    return base.mark_circle(size=SMALL, opacity=opacity, color=color)


def _rise(one: Robustness) -> Row:
    """The rise from P_best's line to the mean point of P's networks, whether it is on the left, and the interval."""
    slope, intercept = fit_line(*np.transpose(one.models(BEST).points))
    x, y = (float(mean) for mean in np.mean(one.models(P).points, 0))
    line = float(slope * x + intercept)
    across = [score for name in (BEST, P) for score, _ in one.models(name).points]
    place = {"x": x, "y": y, "line": line, "middle": (y + line) / 2, "left": 2 * x < min(across) + max(across)}
    return place | {"label": measured(one.gain(P), signed=True)}


def _arrow(rise: Row) -> list[altair.Chart]:
    """The height as an arrow from the line towards the mean point, with its number."""
    base = altair.Chart(data([rise | {"name": "effective robustness"}])).encode(x="x:Q")
    head = "triangle-up" if rise["y"] > rise["line"] else "triangle-down"
    offset = 18 if rise["y"] > rise["line"] else -18  # below the large dot
    words = base.encode(y="middle:Q")
    bold: Row = {"align": "left", "dx": 14, "fontSize": 16}
    return [
        base.mark_rule(color=INK, strokeWidth=2.5).encode(y="line:Q", y2="y:Q"),
        base.mark_point(shape=head, filled=True, size=HEAD, opacity=1, color=INK, yOffset=offset).encode(y="y:Q"),
        *haloed(words.encode(text="name:N"), dy=-10, fontWeight="bold", **bold),
        *haloed(words.encode(text="label:N"), dy=12, **bold),
    ]


def _names(rise: Row, diverse: str) -> list[altair.Chart]:
    """Names of both training sets: beside the mean point, and on the side of the line without networks."""
    above = rise["y"] > rise["line"]
    named = altair.Chart(data([rise | {"name": diverse}]))
    style: Row = {"fontSize": 15, "fontWeight": "bold"}
    beside: Row = {"align": "left", "dx": 18} if rise["left"] else {"align": "right", "dx": -18}
    layers = [named.mark_text(color=NAMED[P], **beside, **style).encode(x="x:Q", y="y:Q", text="name:N")]
    for place, words in enumerate(BASELINE):
        y = HEIGHT - EDGE - LEADING * (len(BASELINE) - place) if above else EDGE + LEADING * place
        one = altair.Chart(data([{"name": words}])).encode(x=altair.value(WIDTH - EDGE if above else EDGE))
        word = one.mark_text(align="right" if above else "left", color=NAMED[BEST], **style)
        layers.append(word.encode(y=altair.value(y), text="name:N"))
    return layers


def _height_in_words(one: Robustness) -> str:
    """Where the networks trained on P lie relative to the line, as far as the interval supports it."""
    gain = one.gain(P)
    if not gain.excludes_zero:
        return "networks trained on diverse data score as their SSIM in distribution predicts"
    side = "higher" if gain.value > 0 else "lower"
    than = "than their SSIM in distribution predicts"
    return f"networks trained on diverse data score {number(abs(gain.value))} {side} {than}"
