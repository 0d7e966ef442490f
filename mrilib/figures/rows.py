"""Rows shared by all reports: an interval beside the paper's number, scores in long form, results with intervals."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

from mrilib.figures.notebook import record
from mrilib.figures.plot import Table, table
from mrilib.gap import FractionClosed, Interval, mean_interval


def interval_row(name: str, ours: Interval, paper: float | None) -> dict[str, Any]:
    """One row of a results table: method, our interval, and the paper's number or None if it has none."""
    return {
        "method": name,
        "ours": {"value": ours.value, "low": ours.low, "high": ours.high},
        "paper": "–" if paper is None else f"{paper:.3f}",
    }


def shown(scores: Mapping[str, Sequence[float]], caption: str) -> Table:
    """Table of mean scores with their intervals, one row per method."""
    rows = [interval_row(name, mean_interval(values), None) for name, values in scores.items()]
    return table(rows, {"method": "", "ours": "mean [95 % interval]"}, caption=caption)


def score_rows(x: Sequence[float], scores: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """Long form for charts: one row per method and position, with keys x, score and method."""
    return [
        {"x": position, "score": score, "method": name}
        for name, column in scores.items()
        for position, score in zip(x, column, strict=True)
    ]


def record_interval(name: str, interval: Interval) -> None:
    """Write a mean with its interval to `results.json`."""
    record(name, interval.value, interval.low, interval.high, interval.n, interval.trainings)


def record_move(name: str, moved: float) -> None:
    """Write how far longer training moves a result, in half widths of its interval, or that it cannot be said."""
    record(f"doubling_moves_{name}", moved if isfinite(moved) else "the result is undefined or has no interval")


def record_fraction(name: str, fraction: FractionClosed) -> None:
    """Write a fraction with its interval to `results.json`, or the reason why it is undefined."""
    if fraction.interval is None:
        record(name, fraction.reason)
    else:
        record_interval(name, fraction.interval)
