"""Charts, tables and sentences of robustness to shifts, of similarity, and of networks for several accelerations."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair
import numpy as np

from mrilib.data.catalogue import distribution
from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, colors_of, lines_chart, table
from mrilib.figures.sentences import measured, verdict
from mrilib.figures.theme import MUTED, SERIES_COLORS
from mrilib.paper_b.effective_robustness.experiment import ALL, BEST, P_AND_Q, SETS, SHIFTS, SIZES, P, Robustness
from mrilib.paper_b.effective_robustness.likeness import Likeness, Q
from mrilib.paper_b.effective_robustness.table_2 import TESTED, UNSEEN, at, folds
from mrilib.paper_b.robustness import fit_line
from mrilib.paper_b.study import Study

PANEL, ACROSS = (325, 220), 2
LARGE, FAINT = (720, 380), 0.4
AXES = "mean SSIM in distribution (P_best)", "mean SSIM out of distribution (Q)"
ACCELERATIONS = SERIES_COLORS[0], SERIES_COLORS[3]  # no colours of training sets
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


def shift_chart(one: Robustness, title: str) -> altair.LayerChart:
    """One shift drawn large: networks with 95 % intervals, the line of P_best, and the heights above it."""
    rows = points({one.name: one})
    arrows = [_arrow(one, trained) for trained in (P, P_AND_Q)]
    x, y = (altair.Axis(tickCount=6, title=words) for words in AXES)
    spread = altair.Scale(zero=False, padding=28)
    base = altair.Chart(data([_with_intervals(one, row) for row in rows if "set" in row]))
    place = base.encode(x=altair.X("x:Q", axis=x, scale=spread), y=altair.Y("y:Q", axis=y, scale=spread))
    hues = altair.Scale(domain=list(SETS), range=colors_of(SETS))
    hue, shape = altair.Color("trained on:N", scale=hues, legend=None), _sizes()
    line = altair.Chart(data([row for row in rows if "set" not in row and row["trained on"] == BEST]))
    rise = altair.Chart(data(arrows)).encode(x="x:Q")
    told = rise.encode(y="middle:Q", text="label:N")
    sides: dict[str, Row] = {P: {"align": "right", "dx": -8}, P_AND_Q: {"align": "left", "dx": 8}}  # else they collide
    words = (haloed(told.transform_filter(f"datum.set === '{name}'"), **side) for name, side in sides.items())
    layers = [
        line.mark_line(strokeWidth=2.5).encode(x="x:Q", y="y:Q", color=hue),
        place.mark_rule(opacity=FAINT).encode(y=altair.Y("low:Q"), y2="high:Q", color=hue),
        place.mark_rule(opacity=FAINT).encode(x=altair.X("x_low:Q"), x2="x_high:Q", color=hue),
        place.mark_point(filled=True, size=130, opacity=1).encode(
            color=hue, shape=shape, tooltip=tooltip("set", "x", "y")
        ),
        rise.mark_rule(strokeWidth=3, strokeDash=[5, 3]).encode(y="line:Q", y2="y:Q", color=hue),
        *(word for pair in words for word in pair),
        place.transform_filter(f"datum.training === '{ALL}'")
        .mark_text(align="left", dx=10, dy=-12, fontSize=15, fontWeight="bold")
        .encode(text="trained on:N", color=hue),
    ]
    alt = f"{title}: height above the line of P_best, " + "; ".join(row["label"] for row in arrows)
    return finished(altair.layer(*layers), alt, title).properties(width=LARGE[0], height=LARGE[1])


def _sizes() -> altair.Shape:
    legend = altair.Legend(
        title="trained on",
        orient="bottom",
        symbolSize=110,
        symbolFillColor=MUTED,
        symbolStrokeColor=MUTED,
        labelLimit=0,
    )
    return altair.Shape("training:N", scale=altair.Scale(domain=list(SIZES)), legend=legend)


def _with_intervals(one: Robustness, row: Row) -> Row:
    inside, outside = one.study.mean(row["set"], {one.best: None}), one.study.mean(row["set"], one.tested)
    ends = {"low": outside.low, "high": outside.high, "x_low": inside.low, "x_high": inside.high}
    return {**row, "training": row["set"].removeprefix(f"{row['trained on']}, "), **ends}


def _arrow(one: Robustness, trained: str) -> Row:
    """From the line of P_best to the mean point of a training set, with the height's interval."""
    slope, intercept = fit_line(*np.transpose(one.models(BEST).points))
    x, y = np.mean(one.models(trained).points, 0)
    line = float(slope * x + intercept)
    label = f"{trained}: {measured(one.gain(trained), signed=True)}"
    return {
        "set": trained,
        "trained on": trained,
        "x": float(x),
        "y": float(y),
        "line": line,
        "middle": (float(y) + line) / 2,
        "label": label,
    }


def robustness_chart(found: Mapping[str, Robustness], title: str) -> altair.FacetChart:
    """SSIM on Q against SSIM on P_best: one panel per shift, one point per network, one line per training set.

    The line of P_best extends over all networks' scores on P_best; the height above it is the effective robustness.
    """
    heights = "; ".join(f"{SHIFTS[name].title}: P {one.gain(P)}" for name, one in found.items())
    return _panels(points(found), SETS, AXES, title, f"height of P above the line of P_best: {heights}")


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
    columns = {"shift": "shift", "best": "best of P", "p": "effective robustness of P"}
    columns |= {"p_and_q": "effective robustness of P and Q", "lead": "SSIM on Q: P minus best of P"}
    return table(rows, columns, caption=caption)


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
            "name": f"against the {other} specialist",
            "series": f"at the unseen {folds(one)}" if one == UNSEEN else "where the specialist is in distribution",
            **vars(study.difference(mixed, other, at(one))),
        }
        for mixed, other, one in sorted(comparisons.values(), key=lambda each: int(each[1].split("-")[0]))
    ]
    x_title = "SSIM of the network for all four factors minus the specialist's"
    colors = dict(zip(dict.fromkeys(row["series"] for row in rows), ACCELERATIONS, strict=False))
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title, colors=colors)


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
    columns = {"features": "features", "shift": "shift", "r": "r of similarity and SSIM"}
    columns |= {"nearer": "similarity: Q minus P", "near": "similarity: P minus mean of parts"}
    return table(rows, columns | {"good": "SSIM on Q: P minus mean of parts"}, caption=caption)


def likeness_in_words(found: Mapping[str, Likeness]) -> list[str]:
    """Whether likeness to Q goes with the score on Q, and what diversity adds; one line of Markdown for each shift."""
    told = []
    for name, one in found.items():
        r, nearer, (near, good) = one.correlation(), one.nearer(), one.diversity()
        goes = verdict(
            r, "rises with the score (r = {})", "falls with the score (r = −{})", "shows no clear link (r = {})", 2
        )
        told.append(
            f"**{SHIFTS[name].title}.** Similarity to Q {goes}. Training slices of Q are more similar to the test "
            f"slices of Q than those of P, by {measured(nearer)}. P minus the mean of its parts: similarity "
            f"{measured(near, signed=True)}, SSIM {measured(good, signed=True)}."
        )
    return told
