"""Gains and losses of fine-tuning as one matrix, one row per network and one column per dataset, and in words."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.dumbbells import TWO_LINES
from mrilib.figures.layout import LOSS_ZERO_GAIN
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured
from mrilib.figures.theme import INK
from mrilib.gap import Interval
from mrilib.paper_b.plain_names import plain_title, two_lines

Changes = Mapping[tuple[str, str], Interval]
CELL = (104, 48)
LINE = 18  # pixels


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
    bare: dict[str, Any] = {"labelAngle": 0, "labelLimit": 200, "ticks": False, "domain": False, "grid": False}
    labels = altair.Axis(**bare | TWO_LINES)
    above = altair.Axis(orient="top", labelExpr=TWO_LINES["labelExpr"], labelPadding=LINE, **bare)
    base = altair.Chart(data(rows)).encode(
        x=altair.X("tested:N", sort=order["tested"], title="tested on", axis=above),
        y=altair.Y("tuned:N", sort=order["tuned"], title="fine-tuned on", axis=labels),
        tooltip=tooltip("tuned", "value", "low", "high"),
    )
    scale = altair.Scale(domain=[-reach, 0, reach], range=[f"#{code}" for code in LOSS_ZERO_GAIN], interpolate="rgb")
    bright = f"abs(datum.value) > {0.8 * reach}"
    layers = [
        base.mark_rect(stroke="white", strokeWidth=2).encode(color=altair.Color("value:Q", scale=scale, legend=None)),
        base.transform_filter("datum.own").mark_rect(fill=None, stroke=INK, strokeWidth=2.5),
        base.mark_text(fontSize=14).encode(
            text="label:N", color=altair.condition(bright, altair.value("white"), altair.value(INK))
        ),
    ]
    width, height = (side * len(order[key]) for side, key in zip(CELL, ("tested", "tuned"), strict=True))
    alt = f"{title}: " + "; ".join(
        f"fine-tuned on {plain_title(arm)}, tested on {plain_title(name)}: {row['label']}"
        for (arm, name), row in zip(changes, rows, strict=True)
    )
    return finished(altair.layer(*layers), alt, title).properties(width=width, height=height)


def _cell(arm: str, name: str, change: Interval) -> dict[str, Any]:
    label = f"{change.value:+.3f}".replace("-", "−")
    label = label if change.excludes_zero else f"({label})"
    return {"tuned": two_lines(arm), "tested": two_lines(name), "own": arm == name, "label": label} | vars(change)


def matrix_table(changes: Changes, forgotten: Mapping[str, Interval], caption: str) -> Table:
    """The numbers of `matrix_chart` with intervals, and all other datasets together; one row per fine-tuned network."""
    rows = [
        {"tuned": plain_title(arm)}
        | {name: vars(change) for (one, name), change in changes.items() if one == arm}
        | {"others": vars(others)}
        for arm, others in forgotten.items()
    ]
    columns = {"tuned": "fine-tuned on"} | {name: plain_title(name) for _, name in changes}
    return table(rows, columns | {"others": "the other five"}, caption=caption)


def message(changes: Changes) -> str:
    """Title: on how many datasets used for fine-tuning it helps, and in how many other tests it harms, beyond doubt."""
    own = [change.low > 0 for (arm, name), change in changes.items() if arm == name]
    others = [change.high < 0 for (arm, name), change in changes.items() if arm != name]
    helps = f"Fine-tuning raises SSIM on {sum(own)} of the {len(own)} datasets used for it"
    return f"{helps} and lowers SSIM in {sum(others)} of {len(others)} tests on other datasets"


def in_words(changes: Changes, forgotten: Mapping[str, Interval]) -> list[str]:
    """Gains on the dataset used for fine-tuning, losses on the others, and the number of changes that are losses."""
    elsewhere = [change for (arm, name), change in changes.items() if arm != name]
    lost = [change for change in elsewhere if change.value < 0]
    certain = sum(change.excludes_zero for change in lost)
    gained = {name: changes[name, name] for name in forgotten}
    return [
        f"**Change in SSIM on the dataset used for fine-tuning:** {_listed(gained)}.",
        f"**Change in SSIM on the other five datasets together, after fine-tuning on:** {_listed(forgotten)}.",
        f"**{len(lost)} of {len(elsewhere)} changes on other datasets are losses**; the intervals of {certain} of "
        "them exclude 0.",
    ]


def _listed(found: Mapping[str, Interval]) -> str:
    return "; ".join(f"{plain_title(name)} {measured(change, signed=True)}" for name, change in found.items())
