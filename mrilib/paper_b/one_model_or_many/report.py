"""Charts, tables and sentences of a study: networks by training data, tested on groups of distributions."""

from collections.abc import Mapping, Sequence

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, interval_chart, table
from mrilib.figures.sentences import measured
from mrilib.gap import Interval
from mrilib.paper_b.study import Study

Groups = Mapping[str, Sequence[str]]
Comparisons = Mapping[str, tuple[str, str, str]]
Studies = Mapping[str, tuple[Study, Groups]]  # by name of the pair, or of what is changed on knee and brain
SIDES = {"anatomy": ("knee", "brain"), "contrast": ("PD knee", "PDFS knee"), "field": ("1.5 T", "3 T")}
ROLES = {  # of a comparison, by the start of its name; a longer start goes first
    "half_minus_joint": "",
    "joint_minus": "network trained on both",
    "half_minus": "half of both (as many slices as a specialist)",
    "ood_minus": "the other side's specialist",
    "skewed_minus_few": "ten to one, minus the network trained on the tenth alone",
    "skewed_minus": "ten to one, minus the specialist",
}


def role(comparison: str) -> str:
    """What is compared with the specialist, or with the network of few slices; empty if neither is."""
    return next((words for start, words in ROLES.items() if comparison.startswith(start)), "")


def sides_of(name: str) -> dict[str, str]:
    """P and Q of a pair in words; of knee and brain with something changed, that too."""
    p, q = SIDES.get(name, SIDES["anatomy"])
    changed = "" if name in SIDES else f", {name}"
    return {"P": f"tested on {p}{changed}", "Q": f"tested on {q}{changed}"}


def sharing_chart(studies: Studies, comparisons: Comparisons, title: str) -> altair.LayerChart:
    """Differences of each network to the specialist in distribution (0), one line per pair and side."""
    rows = [
        {"name": sides_of(name)[side], "series": role(key), **vars(_difference(study, groups, arm, other, side))}
        for name, (study, groups) in studies.items()
        for tested in ("P", "Q")
        for key, (arm, other, side) in comparisons.items()
        if side == tested and role(key)
    ]
    x_title = "difference in SSIM from the specialist in distribution"
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def in_words(studies: Studies, comparisons: Comparisons) -> list[str]:
    """The same differences in sentences, one line of Markdown for each pair."""
    told = []
    for name, (study, groups) in studies.items():
        sides = dict(zip("PQ", SIDES.get(name, SIDES["anatomy"]), strict=True))
        said = {words: [] for words in map(role, comparisons) if words}  # type: dict[str, list[str]]
        for key, (arm, other, side) in comparisons.items():
            if role(key):
                by = measured(_difference(study, groups, arm, other, side), signed=True)
                said[role(key)].append(f"{by} on {sides[side]}")
        points = "; ".join(f"{words} {', '.join(values)}" for words, values in said.items())
        told.append(f"**{' and '.join(sides.values())}{'' if name in SIDES else f', {name}'}:** {points}.")
    return told


def _difference(study: Study, groups: Groups, arm: str, other: str, side: str) -> Interval:
    return study.difference(arm, other, dict.fromkeys(groups[side]))


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


def pairs_table(studies: Studies, comparisons: Comparisons, caption: str, heading: str = "pair") -> Table:
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
