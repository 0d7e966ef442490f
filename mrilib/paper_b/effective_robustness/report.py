"""Charts and tables of robustness to shifts, of similarity, and of networks for several accelerations."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair
import numpy as np

from mrilib.data.catalogue import distribution
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.plot import Table, colors_of, interval_chart, lines_chart, table
from mrilib.paper_b.effective_robustness.experiment import BEST, P_AND_Q, SETS, SHIFTS, SIZES, P, Robustness
from mrilib.paper_b.effective_robustness.likeness import Likeness, Q
from mrilib.paper_b.effective_robustness.table_2 import TESTED, UNSEEN, at, folds
from mrilib.paper_b.robustness import fit_line
from mrilib.paper_b.study import Study

PANEL, ACROSS = (235, 190), 2
ONE_PART, ALL_PARTS = "one part of P", "all of P"
Row = dict[str, Any]


def points(found: Mapping[str, Robustness]) -> list[Row]:
    """Mean SSIM on P_best and on Q of every network, and the two ends of the line of each training set."""
    rows = []
    for name, one in found.items():
        across = [x for trained in SETS for x, _ in one.models(trained).points]
        for trained in SETS:
            place = {"panel": SHIFTS[name].title, "trained on": trained}
            measured = dict(zip(SIZES, one.models(trained).points, strict=True))
            slope, intercept = fit_line(*np.transpose(list(measured.values())))
            own = across if trained == BEST else [x for x, _ in measured.values()]
            rows += [place | {"set": f"{trained}, {size}", "x": x, "y": y} for size, (x, y) in measured.items()]
            rows += [place | {"x": x, "y": float(slope * x + intercept)} for x in (min(own), max(own))]
    return rows


def robustness_chart(found: Mapping[str, Robustness], title: str) -> altair.FacetChart:
    """SSIM on Q against SSIM on P_best: one panel per shift, one point per network, one line per training set.

    The line of P_best extends over all networks' scores on P_best; the height above it is the effective robustness.
    """
    heights = "; ".join(f"{SHIFTS[name].title}: P {one.gain(P)}" for name, one in found.items())
    axes = "SSIM on best of P", "SSIM on Q"
    return _panels(points(found), SETS, axes, title, f"height of P above the line, {heights}")


def _panels(rows: list[Row], names: Sequence[str], axes: tuple[str, str], title: str, words: str) -> altair.FacetChart:
    """Chart of points (rows with a `set`) and lines (rows without), with one panel for each `panel`."""
    ticks, spread = altair.Axis(tickCount=5), altair.Scale(zero=False, padding=14)
    x, y = (altair.X("x:Q", title=axes[0], scale=spread, axis=ticks), altair.Y("y:Q", title=axes[1], scale=spread))
    legend = altair.Legend(title="trained on", orient="bottom", symbolSize=120)
    hues = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shape = altair.Shape("trained on:N", scale=altair.Scale(domain=names), legend=legend)
    base = altair.Chart().encode(x=x, y=y, color=hues)
    layers = [
        base.transform_filter("!isValid(datum.set)").mark_line(strokeWidth=2),
        base.transform_filter("isValid(datum.set)")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(shape=shape, tooltip=tooltip("set", "x", "y")),
    ]
    panels = altair.layer(*layers, data=data(rows)).properties(width=PANEL[0], height=PANEL[1])
    order = list(dict.fromkeys(row["panel"] for row in rows))
    facet = panels.facet(altair.Facet("panel:N", sort=order, title=None), columns=ACROSS)
    return finished(facet.resolve_scale(x="independent", y="independent"), f"{title}: {words}", title)


def robustness_table(found: Mapping[str, Robustness], caption: str) -> Table:
    """Effective robustness of both training sets, and the lead of P over P_best on Q; one row per shift."""
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
    """SSIM of the network of each part of P on validation slices of Q; one row per part, one column per shift."""
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
    """Networks of one shift with their training data and both scores."""
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
    """SSIM of the network for all four factors minus a specialist's, at the specialist's and at the unseen factor."""
    rows = [
        {
            "specialist": other,
            "tested": f"at the unseen {folds(one)}" if one == UNSEEN else "where the specialist is in distribution",
            **vars(study.difference(mixed, other, at(one))),
        }
        for mixed, other, one in comparisons.values()
    ]
    alt = f"{title}: " + "; ".join(f"{r['specialist']} {r['tested']} {r['value']:+.3f}" for r in rows)
    titles = {"x_title": "specialist", "y_title": "difference in mean SSIM"}
    return interval_chart(rows, "specialist", color="tested", **titles, alt=alt, title=title)


def likeness_chart(found: Mapping[str, Likeness], title: str) -> altair.FacetChart:
    """SSIM on Q against similarity to Q: one panel per shift, one point per training set, P distinct from its parts."""
    rows = [
        {
            "panel": SHIFTS[name].title,
            "set": trained_on,
            "trained on": ALL_PARTS if trained_on == P else ONE_PART,
            "x": fmean(one.similarities(trained_on)),
            "y": one.study.mean(trained_on).value,
        }
        for name, one in found.items()
        for trained_on in one.networks
    ]
    words = "; ".join(f"{SHIFTS[name].title}: correlation {one.correlation()}" for name, one in found.items())
    return _panels(rows, [ONE_PART, ALL_PARTS], ("similarity to Q", "SSIM on Q"), title, words)


def histogram_chart(one: Likeness, title: str, bins: int = 12) -> altair.LayerChart:
    """Histogram of the similarity of Q's test slices to the training slices of P and of Q."""
    near = {f"training slices of {trained_on}": one.similarities(trained_on) for trained_on in (P, Q)}
    edges = np.histogram_bin_edges([value for values in near.values() for value in values], bins)
    rows = [
        {"near to": label, "x": float(left + right) / 2, "slices": int(count)}
        for label, values in near.items()
        for left, right, count in zip(edges[:-1], edges[1:], np.histogram(values, edges)[0], strict=True)
    ]
    means = ", ".join(f"to {label} {fmean(values):.3f}" for label, values in near.items())
    return lines_chart(
        rows,
        "x",
        "slices",
        "near to",
        x_title="similarity to the nearest training patches",
        y_title="test slices of Q",
        alt=f"{title}: means {means}",
        title=title,
    )


def likeness_table(found: Mapping[str, Mapping[str, Likeness]], caption: str) -> Table:
    """Correlation, lead of Q's own slices in similarity, and gain from diversity; one row per features and shift."""
    rows = []
    for features, shifts in found.items():
        for name, one in shifts.items():
            near, good = one.diversity()
            place = {"features": features, "shift": SHIFTS[name].title}
            found_here = {"r": one.correlation(), "nearer": one.nearer(), "near": near, "good": good}
            rows.append(place | {key: vars(value) for key, value in found_here.items()})
    columns = {
        "features": "features",
        "shift": "shift",
        "r": "r of similarity and SSIM",
        "nearer": "Q nearer than P by",
    }
    return table(rows, columns | {"near": "P minus mean of parts: similarity", "good": "SSIM on Q"}, caption=caption)
