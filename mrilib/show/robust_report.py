"""Charts and tables of robustness to shifts, and of networks for several accelerations."""

from collections.abc import Mapping
from typing import Any

import altair
import numpy as np

from mrilib.data.catalogue import distribution
from mrilib.experiments.accelerations import TESTED, UNSEEN, at, folds
from mrilib.experiments.robust import BEST, P_AND_Q, SETS, SHIFTS, SIZES, P, Robustness
from mrilib.experiments.study import Study
from mrilib.plot import Table, colors_of, interval_chart, table
from mrilib.robustness import fit_line
from mrilib.show.charts import finished, tooltip

PANEL, ACROSS = (235, 190), 2
Row = dict[str, Any]


def points(found: Mapping[str, Robustness]) -> list[Row]:
    """Mean SSIM on P_best and on Q of every network, and the two ends of the line of each training set."""
    rows = []
    for name, one in found.items():
        across = [x for trained in SETS for x, _ in one.models(trained).points]
        for trained in SETS:
            place = {"panel": SHIFTS[name].title, "trained on": trained}
            measured = one.models(trained).points
            slope, intercept = fit_line(*np.transpose(measured))
            own = across if trained == BEST else [x for x, _ in measured]
            rows += [place | {"size": size, "x": x, "y": y} for size, (x, y) in zip(SIZES, measured, strict=True)]
            rows += [place | {"x": x, "y": float(slope * x + intercept)} for x in (min(own), max(own))]
    return rows


def robustness_chart(found: Mapping[str, Robustness], title: str) -> altair.FacetChart:
    """SSIM on Q against SSIM on P_best: a panel a shift, a point a network, a line a training set.

    The line of P_best goes on as far as any network's score on P_best: height above it is effective robustness.
    """
    rows = points(found)
    names, ticks = list(SETS), altair.Axis(tickCount=5)
    x, y = (
        altair.X("x:Q", title="SSIM on best of P", scale=altair.Scale(zero=False, padding=14), axis=ticks),
        altair.Y("y:Q", title="SSIM on Q", scale=altair.Scale(zero=False, padding=14), axis=ticks),
    )
    legend = altair.Legend(title="trained on", orient="bottom", symbolSize=120)
    color = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    base = altair.Chart().encode(x=x, y=y, color=color)
    shape = altair.Shape("trained on:N", scale=altair.Scale(domain=names), legend=legend)
    layers = [
        base.transform_filter("!isValid(datum.size)").mark_line(strokeWidth=2),
        base.transform_filter("isValid(datum.size)")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(shape=shape, tooltip=tooltip("size", "x", "y")),
    ]
    panels = altair.layer(*layers, data=altair.Data(values=rows)).properties(width=PANEL[0], height=PANEL[1])
    header = altair.Header(labelFontSize=14)
    order = [SHIFTS[name].title for name in found]
    facet = panels.facet(altair.Facet("panel:N", sort=order, title=None, header=header), columns=ACROSS)
    heights = "; ".join(f"{SHIFTS[name].title}: P {one.gain(P)}" for name, one in found.items())
    return finished(facet.resolve_scale(x="independent", y="independent"), f"{title}. Above the line: {heights}", title)


def robustness_table(found: Mapping[str, Robustness], caption: str) -> Table:
    """Effective robustness of both training sets, and the lead of P over P_best on Q; a shift a row."""
    rows = [
        {
            "shift": SHIFTS[name].title,
            "best": distribution(one.best).title,
            "p": vars(one.gain(P)),
            "p_and_q": vars(one.gain(P_AND_Q)),
            "lead": vars(one.lead()),
        }
        for name, one in found.items()
    ]
    columns = {"shift": "shift", "best": "best of P", "p": "effective robustness of P", "p_and_q": "of P and Q"}
    return table(rows, columns | {"lead": "SSIM on Q: P minus best of P"}, caption=caption)


def selection_table(found: Mapping[str, Robustness], caption: str) -> Table:
    """SSIM on validation slices of Q of the network of each part of P; a part a row, a shift a column."""
    parts = list(dict.fromkeys(part for one in found.values() for part in one.selection.arms))
    rows = [
        {"part": distribution(part).title}
        | {name: _marked(one, part) for name, one in found.items() if part in one.selection.arms}
        for part in parts
    ]
    return table(rows, {"part": "trained on"} | {name: SHIFTS[name].title for name in found}, caption=caption)


def _marked(one: Robustness, part: str) -> str:
    return f"{one.selection.mean(part).value:.3f}{' (best)' if part == one.best else ''}"


def sizes_table(one: Robustness, caption: str) -> Table:
    """Networks of one shift with what they were trained on and both scores."""
    rows = [
        {
            "arm": arm,
            "slices": f"{spec.train_slices:,}",
            "epochs": spec.recipe.epochs,
            "inside": vars(one.study.mean(arm, {one.best: None})),
            "outside": vars(one.study.mean(arm, one.tested)),
        }
        for arm, spec in one.study.arms.items()
    ]
    columns = {"arm": "trained on", "slices": "slices", "epochs": "epochs", "inside": "SSIM on best of P"}
    return table(rows, columns | {"outside": "SSIM on Q"}, caption=caption)


def accelerations_table(study: Study, true: Mapping[int, float], caption: str) -> Table:
    """Mean SSIM of each network at each acceleration, nominal and true."""
    rows = [{"arm": arm} | {folds(one): study.mean(arm, at(one)).value for one in TESTED} for arm in study.arms]
    headings = {folds(one): f"{folds(one)} (true {true[one]:.1f})" for one in TESTED}
    return table(rows, {"arm": "trained at"} | headings, caption=caption)


def differences_chart(study: Study, comparisons: Mapping[str, tuple[str, str, int]], title: str) -> altair.LayerChart:
    """SSIM of the network of all four minus that of a specialist, where this is at home and at the unseen factor."""
    rows = [
        {
            "specialist": other,
            "tested": f"at the unseen {folds(one)}" if one == UNSEEN else "where the specialist is at home",
            **vars(study.difference(mixed, other, at(one))),
        }
        for mixed, other, one in comparisons.values()
    ]
    alt = f"{title}: " + "; ".join(f"{r['specialist']} {r['tested']} {r['value']:+.3f}" for r in rows)
    titles = {"x_title": "specialist", "y_title": "difference in mean SSIM"}
    return interval_chart(rows, "specialist", color="tested", **titles, alt=alt, title=title)
