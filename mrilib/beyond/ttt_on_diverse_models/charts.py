"""Charts of two remedies for a shift: gain from TTT by training set, gain against time, fraction of the gap closed."""

from statistics import median
from typing import Any

import altair

from mrilib.beyond.ttt_on_diverse_models.experiment import GOAL, REMEDIES, TESTED, Studies, closed, gain, seconds
from mrilib.beyond.ttt_on_diverse_models.report import grouped
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.plot import colors_of, interval_chart
from mrilib.figures.theme import INK, MUTED

ROW_HEIGHT, WIDTH, NUMBERS, PANEL = 30, 430, 12, (172, 240)
SHAPES = ["square", "circle", "triangle-up", "diamond", "cross"]  # shape in addition to colour
FREE = altair.Scale(zero=False, padding=14)


def lifts_chart(found: Studies, title: str) -> altair.FacetChart:
    """Arrows from SSIM without TTT to SSIM with TTT; one panel per collection, one line per training set."""
    rows = [row for name in found for row in _lifts(found, name)]
    arms = list(dict.fromkeys(row["arm"] for row in rows))
    axis = altair.Axis(ticks=False, domain=False, grid=True)
    color = altair.Color("arm:N", scale=altair.Scale(domain=arms, range=colors_of(arms)), legend=None)
    said = tooltip("arm", "before", "after", "low", "high")
    base = altair.Chart().encode(y=altair.Y("arm:N", sort=arms, title=None, axis=axis), color=color, tooltip=said)
    layers = altair.layer(*_arrows(base), data=data(rows))
    panels = layers.properties(width=WIDTH, height=ROW_HEIGHT * len(arms))
    order = [TESTED[name] for name in found]
    chart = panels.facet(altair.Facet("panel:N", sort=order, title=None), columns=1)
    numbers = "; ".join(f"{row['panel']}, {row['arm']}: {row['before']:.3f} to {row['after']:.3f}" for row in rows)
    return finished(chart.resolve_scale(x="independent"), f"{title}: {numbers}", title)


def _lifts(found: Studies, name: str) -> list[dict[str, Any]]:
    rows = []
    for arm in found[name].arms:
        before, after = found[name].mean(arm), found[name].mean(arm, measure="ssim_ttt")
        change = f"{after.value - before.value:+.3f}".replace("-", "−")
        means = {"before": before.value, "after": after.value, "low": after.low, "high": after.high}
        rows.append({"panel": TESTED[name], "arm": arm, **means, "change": change})
    return rows


def _arrows(base: altair.Chart) -> list[altair.Chart]:
    x = altair.X("before:Q", title="mean SSIM: dot without TTT, arrowhead with TTT, band its interval", scale=FREE)
    heads = base.transform_calculate(head="datum.after < datum.before ? 'triangle-left' : 'triangle-right'")
    numbers = base.mark_text(align="left", dx=NUMBERS).encode(
        x=altair.value(WIDTH), text="change:N", color=altair.value(INK)
    )
    return [
        base.mark_rule(strokeWidth=10, opacity=0.3).encode(x=altair.X("low:Q", scale=FREE), x2="high:Q"),
        base.mark_rule(strokeWidth=2.5).encode(x=x, x2="after:Q"),
        base.mark_point(filled=True, size=60, opacity=1).encode(x=x),
        heads.mark_point(filled=True, size=170, opacity=1).encode(
            x="after:Q", shape=altair.Shape("head:N", scale=None)
        ),
        numbers,
    ]


def cost_chart(found: Studies, title: str) -> altair.FacetChart:
    """Gain of each remedy over none against its seconds per slice; dashed: training on the test distribution itself."""
    groups = {TESTED[name]: {name: study} for name, study in found.items()}
    rows = [row for panel, studies in groups.items() for row in _costs(panel, studies)]
    legend = altair.Legend(title=None, orient="bottom", columns=3, symbolSize=110)
    names = list(REMEDIES)
    color = altair.Color("remedy:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shape = altair.Shape("remedy:N", scale=altair.Scale(domain=names, range=SHAPES), legend=legend)
    x = altair.X("seconds:Q", title="seconds per slice", axis=altair.Axis(tickCount=5))
    y = altair.Y("value:Q", title="SSIM gained", axis=altair.Axis(tickCount=5))
    base = altair.Chart().encode(color=color, tooltip=tooltip("remedy", "seconds", "value", "low", "high"))
    layers = [
        altair.Chart().mark_rule(color=MUTED, strokeDash=[5, 4], strokeWidth=1.5).encode(y="goal:Q"),
        base.mark_rule(strokeWidth=1.5).encode(x=altair.X("least:Q"), x2="most:Q", y=y),
        base.mark_rule(strokeWidth=1.5).encode(x=x, y=altair.Y("low:Q"), y2="high:Q"),
        base.mark_point(filled=False, size=130, strokeWidth=2.5).encode(x=x, y=y, shape=shape),  # hides none below
    ]
    panels = altair.layer(*layers, data=data(rows)).properties(width=PANEL[0], height=PANEL[1])
    chart = panels.facet(altair.Facet("panel:N", sort=list(groups), title=None), columns=len(groups))
    said = "; ".join(f"{r['panel']}, {r['remedy']}: {r['value']:.3f} for {r['seconds']:.2g} s" for r in rows)
    return finished(chart.resolve_scale(y="independent"), f"{title}: {said}", title)


def _costs(panel: str, studies: Studies) -> list[dict[str, Any]]:
    goal, rows = gain(studies, GOAL).value, []
    for name, remedy in REMEDIES.items():
        times = seconds(studies, remedy)
        spent = {"seconds": median(times), "least": min(times), "most": max(times)}
        rows.append({"panel": panel, "remedy": name, "goal": goal, **spent, **vars(gain(studies, remedy))})
    return rows


def closed_chart(found: Studies, title: str) -> altair.LayerChart:
    """Fraction of the gap closed by each remedy, by collection; collections without a gap are omitted.

    Raises:
        ValueError: no collection has a gap to close.
    """
    rows = [
        {"tested on": where, "remedy": name, **vars(fraction)}
        for where, studies in grouped(found).items()
        for name, remedy in REMEDIES.items()
        if (fraction := closed(studies, remedy).interval) is not None
    ]
    alt = f"{title}: " + "; ".join(f"{row['tested on']}, {row['remedy']} {row['value']:.0%}" for row in rows)
    names = {"x_title": "", "y_title": "fraction of the gap closed", "alt": alt, "title": title}
    return interval_chart(rows, "tested on", color="remedy", **names)
