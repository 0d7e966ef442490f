"""Charts, tables and sentences of regularisation weights: the best of each distribution, the cost of another's."""

from collections.abc import Mapping

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, lines_chart, table
from mrilib.figures.sentences import measured
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


def costs_chart(tuning: Tuning, titles: Mapping[str, str], title: str) -> altair.LayerChart:
    """SSIM that each distribution loses with each other weight that was chosen; one line per pair that differs."""
    rows = [
        {"name": f"{titles[name]}, λ of {titles[other]}", **vars(tuning.cost(name, other))}
        for name in tuning.distributions
        for other in tuning.distributions
        if tuning.best(name) != tuning.best(other)
    ]
    x_title = "SSIM lost"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def in_words(tuning: Tuning, titles: Mapping[str, str], first: str, second: str) -> list[str]:
    """The weights of the paper's pair, what swapping them costs, and the span over all distributions."""
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
        f"{best[low]:g} ({titles[low]}) to {best[high]:g} ({titles[high]}). {titles[high]} loses "
        f"{measured(tuning.cost(high, low))} in SSIM with the weight of {titles[low]}.",
    ]
