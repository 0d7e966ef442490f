"""Charts of two remedies for a shift: gain from TTT by training set, gain against time, fraction of the gap closed."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

import altair

from mrilib.beyond.ttt_on_diverse_models.experiment import GOAL, REMEDIES, TESTED, Studies, closed, gain, seconds
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.dots import dots_chart
from mrilib.figures.plot import colors_of
from mrilib.figures.theme import INK

ROW_HEIGHT, WIDTH, NUMBERS, COST = 28, 615, 12, (310, 220)
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
    title = "mean SSIM (dot: without TTT; arrowhead: with TTT; band: interval with TTT)"
    x = altair.X("before:Q", title=title, scale=FREE)
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


def cost_chart(found: Studies, title: str) -> altair.HConcatChart:
    """Gain of each remedy over none, beside its seconds per slice on a logarithmic axis; one line per remedy.

    Ticks mark what training on the test distribution itself would gain.
    """
    groups = {TESTED[name]: {name: study} for name, study in found.items()}
    rows = [row for panel, studies in groups.items() for row in _costs(panel, studies)]
    names = [row["name"] for row in rows]
    color = altair.Color("remedy:N", scale=altair.Scale(domain=list(REMEDIES), range=colors_of(REMEDIES)), legend=None)
    said = tooltip("name", "seconds", "value", "low", "high")
    base = altair.Chart(data(rows)).encode(color=color, tooltip=said)
    lines: dict[str, Any] = {"ticks": False, "domain": False, "grid": True}
    bare: dict[str, Any] = {"labels": False, "title": None}
    named = base.encode(y=altair.Y("name:N", sort=names, title=None, axis=altair.Axis(labelLimit=0, **lines)))
    plain = base.encode(y=altair.Y("name:N", sort=names, axis=altair.Axis(**lines, **bare)))
    gained = altair.X("value:Q", title="SSIM gained over one knee", axis=altair.Axis(tickCount=6))
    spent = altair.X("seconds:Q", title="seconds per slice (log scale)", scale=altair.Scale(type="log"), axis=_DECADES)
    left = altair.layer(
        named.mark_rule(strokeWidth=2.5).encode(x=altair.X("low:Q"), x2="high:Q"),
        named.mark_tick(color=INK, thickness=2, size=18).encode(x="goal:Q", color=altair.value(INK)),
        named.mark_point(filled=True, size=90, opacity=1).encode(x=gained),
    )
    right = altair.layer(
        plain.mark_rule(strokeWidth=2.5).encode(x=altair.X("least:Q"), x2="most:Q"),
        plain.mark_point(filled=True, size=90, opacity=1).encode(x=spent),
    )
    height = ROW_HEIGHT * len(rows)
    sides = [side.properties(width=width, height=height) for side, width in ((left, COST[0]), (right, COST[1]))]
    told = "; ".join(f"{r['name']}: {r['value']:.3f} for {r['seconds']:.2g} s" for r in rows)
    return finished(altair.hconcat(*sides), f"{title}: {told}", title)


_DECADES = altair.Axis(values=[0.01, 0.1, 1, 10, 100], format="~g")


def _costs(panel: str, studies: Studies) -> list[dict[str, Any]]:
    goal, rows = gain(studies, GOAL).value, []
    for name, remedy in REMEDIES.items():
        times = seconds(studies, remedy)
        spent = {"seconds": median(times), "least": min(times), "most": max(times)}
        place = {"name": f"{panel}: {name}", "remedy": name, "goal": goal}
        rows.append(place | spent | vars(gain(studies, remedy)))
    return rows


def closed_rows(groups: Mapping[str, Studies]) -> list[dict[str, Any]]:
    """Fraction of the gap closed by each remedy, by group of `report.grouped`; groups without a gap are omitted."""
    return [
        {"name": f"{where}: {name}", **vars(fraction)}
        for where, studies in groups.items()
        for name, remedy in REMEDIES.items()
        if (fraction := closed(studies, remedy).interval) is not None
    ]


def closed_chart(rows: Sequence[dict[str, Any]], title: str) -> altair.LayerChart:
    """Chart of `closed_rows`, which must not be empty."""
    alt = f"{title}: " + "; ".join(f"{row['name']} {row['value']:.0%}" for row in rows)
    return dots_chart(rows, x_title="fraction of the gap closed", alt=alt, title=title)
