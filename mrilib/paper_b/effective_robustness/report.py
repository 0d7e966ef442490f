"""Charts and tables of networks on both sides of every shift."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
import numpy as np

from mrilib.data.catalogue import distribution
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.plot import Table, colors_of, table
from mrilib.figures.sentences import number
from mrilib.paper_b.effective_robustness.experiment import BEST, P_AND_Q, SETS, SIZES, P, Robustness
from mrilib.paper_b.robustness import fit_line

PANEL, ACROSS = (330, 250), 2
AXES = "SSIM in distribution (P)", "SSIM out of distribution (Q)"
TRAINED_ON = {BEST: "the best single dataset of P", P: "all datasets of P", P_AND_Q: "all datasets of P and Q"}
ARROWS = {
    "anatomy": "knees → brains",
    "contrast": "other brain contrasts → T2",
    "field": "1.5 T → 3 T scanners",
    "coils": "knees (15 coils) → brains (4 coils)",
}  # the shifts in words
Row = dict[str, Any]


def points(found: Mapping[str, Robustness]) -> list[Row]:
    """Mean SSIM on P_best and on Q of every network, and the two ends of the line of each training set."""
    rows = []
    for name, one in found.items():
        across = [x for trained in SETS for x, _ in one.models(trained).points]
        for trained in SETS:
            place = {"panel": ARROWS[name], "trained on": trained}
            measured = dict(zip(SIZES, one.models(trained).points, strict=True))
            slope, intercept = fit_line(*np.transpose(list(measured.values())))
            own = across if trained == BEST else [x for x, _ in measured.values()]
            rows += [place | {"set": f"{trained}, {size}", "x": x, "y": y} for size, (x, y) in measured.items()]
            rows += [place | {"x": x, "y": float(slope * x + intercept)} for x in (min(own), max(own))]
    return rows


def robustness_chart(found: Mapping[str, Robustness], kind: str) -> altair.FacetChart:
    """SSIM on Q against SSIM on P_best: one panel per shift, one point per network, one line per training set.

    The line of P_best extends over all networks' scores on P_best; the height above it is the effective robustness.
    """
    heights = "; ".join(f"{ARROWS[name]} {one.gain(P)}" for name, one in found.items())
    above = sum(one.gain(P).low > 0 for one in found.values())
    above_line = "Networks trained on diverse data lie above the line of the best single dataset"
    title = f"{above_line} under {above} of {len(found)} shifts"
    told = {ARROWS[name]: f"{ARROWS[name]}: {number(one.gain(P).value, signed=True)}" for name, one in found.items()}
    rows = [row | {"panel": told[row["panel"]], "trained on": TRAINED_ON[row["trained on"]]} for row in points(found)]
    return panels(
        rows,
        [*TRAINED_ON.values()],
        AXES,
        f"{title} ({kind} data)",
        f"height of networks trained on all datasets of P above this line: {heights}",
    )


def panels(rows: list[Row], names: Sequence[str], axes: tuple[str, str], title: str, words: str) -> altair.FacetChart:
    """Chart of points (rows with a `set`) and lines (rows without), with one panel for each `panel`."""
    ticks, spread = altair.Axis(tickCount=4), altair.Scale(zero=False, padding=14)
    x, y = (altair.X("x:Q", title=axes[0], scale=spread, axis=ticks), altair.Y("y:Q", title=axes[1], scale=spread))
    legend = altair.Legend(
        title="trained on", titleOrient="left", orient="top", symbolSize=120, labelFontSize=14, labelLimit=0
    )
    hues = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    shape = altair.Shape("trained on:N", scale=altair.Scale(domain=names), legend=legend)
    base = altair.Chart().encode(x=x, y=y, color=hues)
    layers = [
        base.transform_filter("!isValid(datum.set)").mark_line(strokeWidth=2),
        base.transform_filter("isValid(datum.set)")
        .mark_point(filled=True, size=110, opacity=1)
        .encode(shape=shape, tooltip=tooltip("set", "x", "y")),
    ]
    each = altair.layer(*layers, data=data(rows)).properties(width=PANEL[0], height=PANEL[1])
    order = list(dict.fromkeys(row["panel"] for row in rows))
    facet = each.facet(altair.Facet("panel:N", sort=order, title=None), columns=ACROSS)
    return finished(facet.resolve_scale(x="independent", y="independent"), f"{title}: {words}", title)


def robustness_table(found: Mapping[str, Robustness], caption: str) -> Table:
    """Effective robustness of both training sets, and the lead of P over P_best on Q; one row per shift."""
    rows = [
        {
            "shift": ARROWS[name],
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
    return table(rows, {"part": "trained on"} | {name: ARROWS[name] for name in found}, caption=caption)


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
