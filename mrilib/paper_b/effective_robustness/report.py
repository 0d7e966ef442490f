"""Charts and tables of networks on both sides of a shift: one shift drawn large, all of them, and the numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
import numpy as np

from mrilib.data.catalogue import distribution
from mrilib.figures.charts import data, finished, haloed, tooltip
from mrilib.figures.plot import Table, colors_of, table
from mrilib.figures.sentences import measured, number
from mrilib.figures.theme import MUTED
from mrilib.paper_b.effective_robustness.experiment import ALL, BEST, P_AND_Q, SETS, SHIFTS, SIZES, P, Robustness
from mrilib.paper_b.robustness import fit_line

PANEL, ACROSS = (325, 220), 2
LARGE, FAINT = (720, 380), 0.4
AXES = "SSIM in distribution (best single dataset of P)", "SSIM out of distribution (Q)"
ARROWS = {
    "anatomy": "knees → brains",
    "contrast": "brains: other contrasts → T2",
    "field": "1.5 T → 3 T",
    "coils": "knees, 15 coils → brains, 4 coils",
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
            rows += [
                place | {"set": f"{trained}, {size}", "training": size, "x": x, "y": y}
                for size, (x, y) in measured.items()
            ]
            rows += [place | {"x": x, "y": float(slope * x + intercept)} for x in (min(own), max(own))]
    return rows


def shift_chart(one: Robustness, kind: str) -> altair.LayerChart:
    """One shift drawn large: networks with 95 % intervals, the line of P_best, and the heights above it."""
    rows = points({one.name: one})
    title = f"{ARROWS[one.name]}: {_height_in_words(one)} ({kind} data)"
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
        *_names(place.encode(text="in words:N", color=hue)),
    ]
    alt = f"{title}: height above the line of P_best, " + "; ".join(row["label"] for row in arrows)
    return finished(altair.layer(*layers), alt, title).properties(width=LARGE[0], height=LARGE[1])


def _names(place: altair.Chart) -> list[altair.Chart]:
    """Names of the training sets beside their best networks, that of P_best below its line."""
    best = place.transform_filter(f"datum.training === '{ALL}'")
    style: Row = {"fontSize": 15, "fontWeight": "bold"}
    above, below = (best.transform_filter(f"datum['trained on'] {sign} '{BEST}'") for sign in ("!==", "==="))
    return [
        above.mark_text(align="left", dx=10, dy=-12, **style),
        below.mark_text(align="right", dx=-6, dy=46, **style),
    ]


def _sizes() -> altair.Shape:
    legend = altair.Legend(
        title="amount of training",
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
    words = {BEST: "best single dataset of P", P: f"P, all {len(SHIFTS[one.name].pair.p)} datasets"}
    return {**row, "in words": words.get(row["trained on"], P_AND_Q), **ends}


def _height_in_words(one: Robustness) -> str:
    """Where the networks trained on P lie relative to the line, as far as the interval supports it."""
    gain = one.gain(P)
    if not gain.excludes_zero:
        return "diverse training data leave a network on the line of the best single dataset"
    side = "above" if gain.value > 0 else "below"
    return f"diverse training data put a network {number(abs(gain.value))} {side} the line of the best dataset"


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


def robustness_chart(found: Mapping[str, Robustness], kind: str) -> altair.FacetChart:
    """SSIM on Q against SSIM on P_best: one panel per shift, one point per network, one line per training set.

    The line of P_best extends over all networks' scores on P_best; the height above it is the effective robustness.
    """
    heights = "; ".join(f"{ARROWS[name]}: P {one.gain(P)}" for name, one in found.items())
    above = sum(one.gain(P).low > 0 for one in found.values())
    title = f"Networks trained on P lie above the line of the best single dataset under {above} of {len(found)} shifts"
    return panels(
        points(found), SETS, AXES, f"{title} ({kind} data)", f"height of P above the line of P_best: {heights}"
    )


def panels(rows: list[Row], names: Sequence[str], axes: tuple[str, str], title: str, words: str) -> altair.FacetChart:
    """Chart of points (rows with a `set`) and lines (rows without), with one panel for each `panel`.

    Shapes are those of `shift_chart` where rows tell their `training`; elsewhere they repeat the colours.
    """
    ticks, spread = altair.Axis(tickCount=5), altair.Scale(zero=False, padding=14)
    x, y = (altair.X("x:Q", title=axes[0], scale=spread, axis=ticks), altair.Y("y:Q", title=axes[1], scale=spread))
    legend = altair.Legend(title="trained on", orient="bottom", symbolSize=120)
    hues = altair.Color("trained on:N", scale=altair.Scale(domain=names, range=colors_of(names)), legend=legend)
    told = any("training" in row for row in rows)
    shape = _sizes() if told else altair.Shape("trained on:N", scale=altair.Scale(domain=names), legend=legend)
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
