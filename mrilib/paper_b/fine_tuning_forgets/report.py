"""Gains and losses of fine-tuning as one matrix, one row per network and one column per dataset, and in words."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import broken, data, finished, tooltip
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured
from mrilib.figures.theme import INK
from mrilib.gap import Interval
from mrilib.paper_b.collection import arm_title

Changes = Mapping[tuple[str, str], Interval]
CELL = (104, 48)
LINE = 18  # pixels
LOSS_ZERO_GAIN = ("#C4590B", "#FFFFFF", "#295FDD")


def matrix_chart(changes: Changes, title: str) -> altair.LayerChart:
    """One cell per network and dataset: blue gains, orange losses; in brackets if the interval contains 0.

    Args:
        changes: changes by (dataset fine-tuned on, dataset tested on).
        title: the message.

    Raises:
        ValueError: nothing to draw.
    """
    if not changes:
        raise ValueError("changes is empty: nothing to draw")
    rows = [_cell(arm, name, change) for (arm, name), change in changes.items()]
    reach = max(abs(row["value"]) for row in rows)
    order = {key: list(dict.fromkeys(row[key] for row in rows)) for key in ("tuned", "tested")}
    labels = altair.Axis(labelAngle=0, labelLimit=200, ticks=False, domain=False, grid=False)
    short: dict[str, Any] = {"labelAngle": 0, "labelExpr": broken(order["tested"], 10)}
    short["labelPadding"] = LINE  # room for the second line
    above = altair.Axis(orient="top", ticks=False, domain=False, grid=False, **short)
    base = altair.Chart(data(rows)).encode(
        x=altair.X("tested:N", sort=order["tested"], title="tested on", axis=above),
        y=altair.Y("tuned:N", sort=order["tuned"], title="fine-tuned on", axis=labels),
        tooltip=tooltip("tuned", "value", "low", "high"),
    )
    scale = altair.Scale(domain=[-reach, 0, reach], range=list(LOSS_ZERO_GAIN), interpolate="rgb")
    bright = f"abs(datum.value) > {0.8 * reach}"
    layers = [
        base.mark_rect(stroke="white", strokeWidth=2).encode(color=altair.Color("value:Q", scale=scale, legend=None)),
        base.transform_filter("datum.own").mark_rect(fill=None, stroke=INK, strokeWidth=2.5),
        base.mark_text(fontSize=14).encode(
            text="label:N", color=altair.condition(bright, altair.value("white"), altair.value(INK))
        ),
    ]
    width, height = (side * len(order[key]) for side, key in zip(CELL, ("tested", "tuned"), strict=True))
    alt = f"{title}: " + "; ".join(f"{row['tuned']} on {row['tested']} {row['label']}" for row in rows)
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=height)


def _cell(arm: str, name: str, change: Interval) -> dict[str, Any]:
    label = f"{change.value:+.3f}".replace("-", "−")
    label = label if change.excludes_zero else f"({label})"
    return {"tuned": arm_title(arm), "tested": arm_title(name), "own": arm == name, "label": label} | vars(change)


def matrix_table(changes: Changes, forgotten: Mapping[str, Interval], caption: str) -> Table:
    """The numbers of `matrix_chart` with intervals, and all other datasets together; one row per fine-tuned network."""
    rows = [
        {"tuned": arm_title(arm)}
        | {name: vars(change) for (one, name), change in changes.items() if one == arm}
        | {"others": vars(others)}
        for arm, others in forgotten.items()
    ]
    columns = {"tuned": "fine-tuned on"} | {name: arm_title(name) for _, name in changes}
    return table(rows, columns | {"others": "the other five"}, caption=caption)


def message(changes: Changes) -> str:
    """Title: how many datasets used for fine-tuning gain, and in how many tests others lose, certainly or not."""
    own = [change.value > 0 for (arm, name), change in changes.items() if arm == name]
    others = [change for (arm, name), change in changes.items() if arm != name]
    lost = [change for change in others if change.value < 0]
    certain = sum(change.excludes_zero for change in lost)
    gains = f"Gains on {sum(own)} of {len(own)} datasets used for fine-tuning"
    return f"{gains}, losses in {len(lost)} of {len(others)} tests on others, {certain} of them certain"


def in_words(changes: Changes, forgotten: Mapping[str, Interval]) -> list[str]:
    """Gains on the dataset used for fine-tuning, losses on the others, and the number of changes that are losses."""
    elsewhere = [change for (arm, name), change in changes.items() if arm != name]
    lost = [change for change in elsewhere if change.value < 0]
    certain = sum(change.excludes_zero for change in lost)
    gained = {name: changes[name, name] for name in forgotten}
    return [
        f"**Change in SSIM on the dataset used for fine-tuning:** {_listed(gained)}.",
        f"**Change in SSIM on the other five datasets together:** {_listed(forgotten)}.",
        f"**{len(lost)} of {len(elsewhere)} changes on other datasets are losses**; the intervals of {certain} of "
        "them exclude 0.",
    ]


def _listed(found: Mapping[str, Interval]) -> str:
    return "; ".join(f"{arm_title(name)} {measured(change, signed=True)}" for name, change in found.items())
