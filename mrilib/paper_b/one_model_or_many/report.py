"""Tables and chart of a study: networks by training data, tested on groups of distributions."""

from collections.abc import Mapping, Sequence

import altair

from mrilib.figures.plot import Table, interval_chart, table
from mrilib.paper_b.study import Study

Groups = Mapping[str, Sequence[str]]
Comparisons = Mapping[str, tuple[str, str, str]]


def scores_table(study: Study, groups: Groups, counts: Mapping[str, int], caption: str) -> Table:
    """Mean SSIM of each network on each group, and its number of training slices."""
    rows = [
        {"arm": arm, "slices": f"{counts[arm]:,}"}
        | {name: vars(study.mean(arm, dict.fromkeys(members))) for name, members in groups.items()}
        for arm in study.arms
    ]
    columns = {"arm": "trained on", "slices": "slices"} | {name: f"SSIM on {name}" for name in groups}
    return table(rows, columns, caption=caption)


def arms_chart(study: Study, groups: Groups, title: str) -> altair.LayerChart:
    """Mean SSIM of each network with its interval, side by side for each test group."""
    rows = [
        {"tested on": f"tested on {name}", "trained on": f"trained on {arm}"}
        | vars(study.mean(arm, dict.fromkeys(members)))
        for name, members in groups.items()
        for arm in study.arms
    ]
    alt = f"{title}: " + "; ".join(f"{r['trained on']}, {r['tested on']}: {r['value']:.3f}" for r in rows)
    return interval_chart(rows, "tested on", color="trained on", x_title="", y_title="mean SSIM", alt=alt, title=title)


def differences_table(study: Study, groups: Groups, comparisons: Comparisons, caption: str) -> Table:
    """Paired differences between two networks on a group; one row per comparison."""
    rows = [
        {
            "arm": arm,
            "other": other,
            "side": side,
            "by": vars(study.difference(arm, other, dict.fromkeys(groups[side]))),
        }
        for arm, other, side in comparisons.values()
    ]
    columns = {"side": "tested on", "arm": "trained on", "other": "against", "by": "difference in SSIM"}
    return table(rows, columns, caption=caption)


def pairs_table(
    studies: Mapping[str, tuple[Study, Groups]], comparisons: Comparisons, caption: str, heading: str = "pair"
) -> Table:
    """Same differences for several pairs of groups, or for several networks on one pair; one row each."""
    rows = [
        {"pair": name}
        | {
            key: vars(study.difference(arm, other, dict.fromkeys(groups[side])))
            for key, (arm, other, side) in comparisons.items()
        }
        for name, (study, groups) in studies.items()
    ]
    titles = {key: f"on {side}: {arm} minus {other}" for key, (arm, other, side) in comparisons.items()}
    return table(rows, {"pair": heading} | titles, caption=caption)
