"""Two shifts side by side: that under which diverse data raise robustness most, and that under which they do least."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import LEADING, data, finished, tooltip
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import NAMED
from mrilib.paper_b.effective_robustness.experiment import BEST, P_AND_Q, P, Robustness
from mrilib.paper_b.effective_robustness.report import ARROWS, AXES, points

WIDTH, HEIGHT, APART = 312, 320, 24  # pixels of a panel, and from one to the next
UP, DOWN, SIZE = -14, 16, 120  # pixels from a line's right end to its name; square pixels of a network
NAMES = {BEST: "best single\ndataset of P", P: "all of P", P_AND_Q: "all of P and Q"}
HEADING = 15  # pixels
Row = dict[str, Any]


def extremes_chart(found: Mapping[str, Robustness], kind: str) -> altair.HConcatChart:
    """SSIM on Q against SSIM on P_best under the shift where P lies highest above the line, and where it lies lowest.

    One point for each network, and one line for each training set with its name at the right end.
    """
    ranked = sorted(found, key=lambda name: -found[name].gain(P).value)
    shown = list(dict.fromkeys((ranked[0], ranked[-1])))
    places = " and ".join(_place(found[name]) for name in shown)
    title = f"Networks trained on all of P lie {places} ({kind} data)"
    heights = "; ".join(f"{ARROWS[name]} {measured(found[name].gain(P), signed=True)}" for name in shown)
    chart = altair.hconcat(*(_panel(found[name]) for name in shown), spacing=APART)
    told = "height of networks trained on all of P above the line of the best single dataset"
    return finished(chart, f"{title}: {told}: {heights}", title)


def _place(one: Robustness) -> str:
    """Where the networks of P lie, as far as the interval supports it, and under which shift."""
    gain = one.gain(P)
    place = "on" if not gain.excludes_zero else "above" if gain.value > 0 else "below"
    return f"{place} the line for the shift from {ARROWS[one.name].replace(' → ', ' to ')}"


def _panel(one: Robustness) -> altair.LayerChart | altair.FacetChart:
    """One shift: its networks, their lines, and the lines' names, clear of one another."""
    spread, ticks = altair.Scale(zero=False, padding=18), altair.Axis(tickCount=4)
    x, y = (altair.X("x:Q", title=AXES[0], scale=spread, axis=ticks), altair.Y("y:Q", title=AXES[1], scale=spread))
    above = one.gain(P).value > 0
    layers = []
    for name, words in NAMES.items():
        rows = [row for row in points({one.name: one}) if row["trained on"] == name]
        line = [row for row in rows if "set" not in row]
        end = max(line, key=lambda row: row["x"]) | {"name": words}
        up = name == P_AND_Q or (name == BEST and not above)
        higher: Row = {"baseline": "line-bottom", "dy": UP - LEADING * words.count("\n")}
        beside = higher if up else {"baseline": "line-top", "dy": DOWN}
        dots = altair.Chart(data([row for row in rows if "set" in row])).encode(x=x, y=y)
        layers += [
            altair.Chart(data(line)).mark_line(color=NAMED[name], strokeWidth=2.5).encode(x=x, y=y),
            dots.mark_circle(size=SIZE, opacity=1, color=NAMED[name]).encode(tooltip=tooltip("set", "x", "y")),
            altair.Chart(data([end]))
            .mark_text(align="right", dx=4, **beside, lineBreak="\n", color=NAMED[name], fontWeight="bold")
            .encode(x="x:Q", y="y:Q", text="name:N"),
        ]
    heading = f"{ARROWS[one.name]}: {number(one.gain(P).value, signed=True)}"
    title = altair.Title(heading, fontSize=HEADING)
    return altair.layer(*layers).properties(width=WIDTH, height=HEIGHT, title=title)
