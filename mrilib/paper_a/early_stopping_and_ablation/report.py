"""Charts and tables of stopping rules and of the ablation of test-time training."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.plot import Table, lines_chart, table
from mrilib.figures.rows import record_interval
from mrilib.gap import performance_gap
from mrilib.paper_a.early_stopping_and_ablation.ablation import PLUNGE, at_iterations, mean_curves, outcome
from mrilib.paper_a.early_stopping_and_ablation.rules import Rule, rule_row
from mrilib.store.tables import Row
from mrilib.ttt import History

RULES = {"rule": "rule", "window": "w", "score": "SSIM on Q", "loss": "loss", "iteration": "median iteration"}
OUTCOMES = {
    "name": "loss, target, network",
    "phase": "phase error before (rad)",
    "before": "SSIM before",
    "worst": "SSIM at its worst",
    "after": "SSIM after TTT",
}


def during(rows: Mapping[str, Row], curve: str, y_title: str, where: str, alt: str) -> altair.LayerChart:
    """Chart one curve of each named row over the iterations: the mean over slices with its 95 % band.

    Args:
        rows: stored rows by method.
        curve: "ssim", "phase_error" or "validation_error".
        where: description of the data, for the title.
    """
    return lines_chart(
        mean_curves(rows, curve),
        "iteration",
        "value",
        "method",
        band=("low", "high"),
        x_title="TTT iteration",
        y_title=y_title,
        title=f"{y_title} during TTT, {where}",
        alt=alt,
    )


def windows_chart(
    histories: Sequence[History], rules: Sequence[Rule], windows: Sequence[int], where: str
) -> altair.LayerChart:
    """Chart SSIM at each rule's stopping point against its window."""
    points = [
        {"rule": rule, "w": window, "SSIM": rule_row(histories, rule, window)["score"].value}
        for rule in rules
        for window in windows
    ]
    title = f"SSIM at the stop of {len(rules)} rules, {where}"
    return lines_chart(
        points,
        "w",
        "SSIM",
        "rule",
        x_title="window w (iterations, log scale)",
        y_title="SSIM at the stop",
        title=title,
        alt=title,
        log_x=True,
    )


def rules_table(judged: Sequence[Mapping[str, Any]], caption: str) -> Table:
    """Table of `rules.rule_row` results with their intervals."""
    shown = [
        {**line, "score": vars(line["score"]), "loss": vars(line["loss"]), "iteration": f"{line['iteration']:g}"}
        for line in judged
    ]
    return table(shown, RULES, caption=caption)


def outcome_table(rows: Mapping[str, Row], caption: str) -> Table:
    """Table of phase error and SSIM before, during and after TTT, one line per row; see `ablation.outcome`."""
    lines = [{"name": name} | {key: vars(value) for key, value in outcome(row).items()} for name, row in rows.items()]
    return table(lines, OUTCOMES, caption=caption)


def record_outcomes(rows: Mapping[str, Row]) -> None:
    """Write `before_…`, `worst_…`, `dip_…`, `after_…`, `phase_…` and the change up to iteration `PLUNGE`."""
    for label, row in rows.items():
        for key, value in outcome(row).items():
            record_interval(f"{key}_{label}", value)
        starts, ends = at_iterations(row, 0, PLUNGE)
        record_interval(f"change_in_{PLUNGE}_{label}", performance_gap(ends, starts))
