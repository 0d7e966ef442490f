"""Charts, tables and sentences on regularisation weights: each distribution's best weight, and the cost of another."""

from collections.abc import Mapping
from typing import Any

import altair

from mrilib.figures.heat import heat_chart
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, number
from mrilib.gap import mean_interval
from mrilib.paper_b.wavelets_need_tuning.experiment import Tuning

NOTHING: dict[str, Any] = {"value": None, "low": None, "high": None}


def weights_table(tuning: Tuning, titles: Mapping[str, str], caption: str) -> Table:
    """Chosen weight and its SSIM on test slices; one row per distribution."""
    rows = []
    for name in tuning.distributions:
        best = tuning.best(name)
        score = mean_interval(tuning.scores(name, "test")[best])
        rows.append({"name": titles[name], "best": f"{best:g}", "score": vars(score)})
    columns = {"name": "distribution", "best": "best λ", "score": "SSIM with best λ"}
    return table(rows, columns, caption=caption)


def costs_table(tuning: Tuning, titles: Mapping[str, str], caption: str) -> Table:
    """SSIM that a distribution (row) loses with the weight of another (column)."""
    rows = [
        {"name": titles[name]} | {other: vars(tuning.cost(name, other)) for other in tuning.distributions}
        for name in tuning.distributions
    ]
    columns = {"name": "SSIM lost on"} | {name: f"λ of {titles[name]}" for name in tuning.distributions}
    return table(rows, columns, caption=caption)


def costs_chart(tuning: Tuning, titles: Mapping[str, str], kind: str) -> altair.LayerChart:
    """Heat map of the SSIM that each distribution (row) loses with every best weight (column), sorted by weight."""
    names = sorted(tuning.distributions, key=tuning.best)
    owners = {tuning.best(name): name for name in names}  # any of those that share a weight
    rows: list[dict[str, Any]] = [
        {"row": titles[name], "column": f"λ = {weight:g}", "weak": weight < tuning.best(name)}
        | (NOTHING if weight == tuning.best(name) else vars(tuning.cost(name, owner)))
        for name in names
        for weight, owner in owners.items()
    ]
    most = max(rows, key=lambda row: row["value"] or 0)
    amount = "small" if most["weak"] else "large"
    title = f"Too {amount} a λ costs the most SSIM on {most['row']}: {number(most['value'])} ({kind} data)"
    said = "; ".join(f"{r['row']} with {r['column']}: {number(r['value'])}" for r in rows if r["value"] is not None)
    axes = {"x_title": "weak ← regularisation weight λ → strong", "y_title": "SSIM lost on"}
    return heat_chart(rows, **axes, empty="own best λ", title=title, alt=f"{title}. {said}")


def in_words(tuning: Tuning, titles: Mapping[str, str], first: str, second: str) -> list[str]:
    """The weights of the paper's two distributions, the cost of swapping them, and the span over all distributions."""
    best = {name: tuning.best(name) for name in tuning.distributions}
    low, high = (choose(best, key=best.__getitem__) for choose in (min, max))
    swapped = [
        f"{titles[ours]} needs λ = {best[ours]:g} and loses {measured(tuning.cost(ours, other))} in SSIM with the "
        f"λ of {titles[other]}"
        for ours, other in ((first, second), (second, first))
    ]
    return [
        f"**The paper's pair:** {'; '.join(swapped)}.",
        f"**All {len(best)} distributions:** the best weights span a factor of {best[high] / best[low]:g}, from "
        f"{best[low]:g} ({titles[low]}) to {best[high]:g} ({titles[high]}). With the weight of {titles[low]}, "
        f"{titles[high]} loses {measured(tuning.cost(high, low))} in SSIM.",
    ]
