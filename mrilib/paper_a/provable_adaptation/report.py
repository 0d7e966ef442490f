"""Charts and tables of the subspace study: curves of numbers or of means with their intervals, and rates."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import altair
import torch
from torch import Tensor

from mrilib.figures.plot import interval_chart, lines_chart
from mrilib.gap import Interval, mean_interval
from mrilib.paper_a.provable_adaptation.trials import log_slope
from mrilib.subspace import alpha_moments, leading_deviation

Values = Sequence[float | Interval] | Tensor


def curve_chart(
    x: Sequence[float] | Tensor,
    curves: Mapping[str, Values],
    *,
    x_title: str,
    y_title: str,
    alt: str,
    log_x: bool = False,
) -> altair.LayerChart:
    """Chart named curves over the same `x`, with a band if the values are intervals.

    Raises ValueError if the length of a curve differs from that of `x`.
    """
    rows = [
        {"x": at, "curve": name, **_ends(value)}
        for name, values in curves.items()
        for at, value in zip(x, values, strict=True)
    ]
    band = ("low", "high")
    return lines_chart(rows, "x", "value", "curve", x_title=x_title, y_title=y_title, alt=alt, band=band, log_x=log_x)


def group_chart(groups: Mapping[str, Mapping[str, Interval]], *, x_title: str, y_title: str) -> altair.LayerChart:
    """Chart means with intervals side by side in each group; the alt text lists all of them."""
    rows = [
        {"group": group, "by": by, **_ends(value)} for group, means in groups.items() for by, value in means.items()
    ]
    alt = f"{y_title}. " + "; ".join(f"{row['group']}, {row['by']}: {row['value']:.3f}" for row in rows)
    return interval_chart(rows, "group", color="by", x_title=x_title, y_title=y_title, alt=alt)


def slope_rows(
    regimes: Mapping[str, Sequence[tuple[int, int]]], logs: Mapping[str, Tensor], noise: float
) -> list[dict[str, Any]]:
    """Log–log slope of the standard deviation of α̂ over n in each regime: measured, exact law, leading order.

    Args:
        regimes: name → (n, d) of each size.
        logs: name → `log_deviations` of its sizes, (sizes, count); yields the interval of the measured slope.
    """
    rows = []
    for name, shapes in regimes.items():
        sizes = [n for n, _ in shapes]
        exact = torch.tensor([alpha_moments(n, d, noise)[1] for n, d in shapes], dtype=torch.float64)
        leading = torch.tensor([leading_deviation(n, d, noise) for n, d in shapes], dtype=torch.float64)
        theory = {"exact": float(log_slope(sizes, exact.log())), "leading": float(log_slope(sizes, leading.log()))}
        rows.append({"regime": name, "measured": asdict(mean_interval(log_slope(sizes, logs[name]))), **theory})
    return rows


def _ends(value: float | Interval | Tensor) -> dict[str, float]:
    if isinstance(value, Interval):
        return {"value": value.value, "low": value.low, "high": value.high}
    return dict.fromkeys(("value", "low", "high"), float(value))
