"""Chart and tables of regularisation weights: the best for each distribution, and the cost of using another's."""

from collections.abc import Mapping

import altair

from mrilib.figures.plot import Table, lines_chart, table
from mrilib.gap import mean_interval
from mrilib.paper_b.wavelets_need_tuning.experiment import Tuning


def weights_chart(tuning: Tuning, split: str, titles: Mapping[str, str], title: str) -> altair.LayerChart:
    """SSIM relative to the best weight against λ, one line per distribution."""
    rows = [{**point, "distribution": titles[str(point["distribution"])]} for point in tuning.points(split)]
    return lines_chart(
        rows,
        "weight",
        "value",
        "distribution",
        band=("low", "high"),
        x_title="regularisation weight λ (log scale)",
        y_title="SSIM relative to the best λ",
        title=title,
        alt=f"{title}: one curve with its 95 % band for each of {len(tuning.distributions)} distributions",
        log_x=True,
    )


def weights_table(tuning: Tuning, titles: Mapping[str, str], caption: str) -> Table:
    """Chosen weight and its SSIM on test slices; one row per distribution."""
    rows = []
    for name in tuning.distributions:
        best = tuning.best(name)
        score = mean_interval(tuning.scores(name, "test")[best])
        rows.append({"name": titles[name], "best": f"{best:g}", "score": vars(score)})
    columns = {"name": "distribution", "best": "best λ", "score": "SSIM with it"}
    return table(rows, columns, caption=caption)


def costs_table(tuning: Tuning, titles: Mapping[str, str], caption: str) -> Table:
    """SSIM that a distribution (row) loses with the weight of another (column)."""
    rows = [
        {"name": titles[name]} | {other: vars(tuning.cost(name, other)) for other in tuning.distributions}
        for name in tuning.distributions
    ]
    columns = {"name": "SSIM lost on"} | {name: f"λ of {titles[name]}" for name in tuning.distributions}
    return table(rows, columns, caption=caption)
