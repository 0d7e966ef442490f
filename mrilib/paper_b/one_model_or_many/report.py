"""Charts, tables and sentences of a study: networks by training data, tested on groups of distributions."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval, performance_gap
from mrilib.paper_b.one_model_or_many.nested import line, nested_chart
from mrilib.paper_b.study import Study
from mrilib.paper_b.trainings import Trainings

Groups = Mapping[str, Sequence[str]]
Comparisons = Mapping[str, tuple[str, str, str]]
Scored = Study | Trainings
Studies = Mapping[str, tuple[Scored, Groups]]  # by name of the pair, or of what is changed on knee and brain
BOTH, LOST = "P and Q", "ood_minus"  # the network of both; comparisons of the other side's specialist
SIDES = {"anatomy": ("knee", "brain"), "contrast": ("PD knee", "PDFS knee"), "field": ("1.5 T", "3 T")}
HALF, WHOLE = "half_minus", "joint_minus"  # comparisons of the network of both, by its number of slices
ROLES = {  # of a comparison, by the start of its name; a longer start goes first
    "half_minus_joint": "",
    WHOLE: "network trained on both",
    HALF: "network trained on half of both (as many slices as a specialist)",
    "ood_minus": "the other side's specialist",
    "skewed_minus_few": "ten to one, minus the network trained on the tenth alone",
    "skewed_minus": "ten to one, minus the specialist",
}

SLICES = {HALF: "With as many slices in total", WHOLE: "With twice as many slices"}  # of the network for both
FROM_SPECIALIST = "SSIM minus that of the specialist"


def role(comparison: str) -> str:
    """What is compared with the specialist, or with the network of few slices; empty if neither is."""
    return next((words for start, words in ROLES.items() if comparison.startswith(start)), "")


def sides_of(name: str) -> dict[str, str]:
    """P and Q of a pair in words, and what was changed in a variant of knee and brain."""
    p, q = SIDES.get(name, SIDES["anatomy"])
    changed = "" if name in SIDES else f", {name}"
    return {"P": f"{p}{changed}", "Q": f"{q}{changed}"}


def specialists_chart(studies: Studies, kind: str) -> altair.LayerChart:
    """Scores on each side of each pair: the network for both, the specialist, and the other side's specialist."""
    rows = []
    for name, (study, groups) in studies.items():
        for side, other in (("P", "Q"), ("Q", "P")):
            ends = {arm: study.mean(arm, dict.fromkeys(groups[side])).value for arm in (other, side, BOTH)}
            lead = _difference(study, groups, BOTH, side, side)
            rows.append(line(sides_of(name)[side], ends[other], ends[side], ends[BOTH], lead))
    return nested_chart(rows, title=f"{_message(studies)} ({kind} data)")


def _message(studies: Studies) -> str:
    """The figure's message: on how many sides the network for both is certainly worse than the specialist."""
    sides = [(study, groups, side) for study, groups in studies.values() for side in ("P", "Q")]
    worse = sum(_difference(study, groups, BOTH, side, side).high < 0 for study, groups, side in sides)
    if worse:
        return f"One network for both is worse than the specialist on {worse} of {len(sides)} sides"
    return "Trained on the slices of both sides, one network is as good as each specialist on its own side"


def sharing_chart(studies: Studies, comparisons: Comparisons, kind: str) -> altair.LayerChart:
    """Differences from the specialist in distribution (0), one line per pair and side, without the other specialist."""
    title = f"{_sharing_message(studies, comparisons)} ({kind} data)"
    starts = [start for start, words in ROLES.items() if words and start != LOST]
    found = [row for start in starts for row in _differences(studies, comparisons, start)]
    names = list(dict.fromkeys(row["name"] for row in found))
    rows = sorted(found, key=lambda row: names.index(row["name"]))
    return dots_chart(rows, x_title=_x_title(rows), alt=f"{title}: {in_numbers(rows)}", title=title)


def specialist_chart(studies: Studies, comparisons: Comparisons, start: str, kind: str) -> altair.LayerChart:
    """Differences of one network for both from the specialist in distribution, one line with its number per side.

    `start` is that of the comparisons' names: `HALF`, with as many slices, or `WHOLE`, with twice as many.
    """
    rows = [row | {"series": ""} for row in _differences(studies, comparisons, start)]
    worse = sum(row["high"] < 0 for row in rows)
    than = f"is measurably worse than the specialist in {worse or 'none'}"
    title = f"{SLICES[start]}, one network for both {than} of {len(rows)} cases ({kind} data)"
    look: dict[str, Any] = {"title": title, "colors": {"": NAMED[ROLES[start]]}, "sides": ("worse", "better")}
    return dots_chart(rows, x_title=_x_title(rows), alt=f"{title}: {in_numbers(rows)}", **look)


def longer_chart(trained: Mapping[str, Studies], comparisons: Comparisons, kind: str) -> altair.LayerChart:
    """`specialist_chart` with as many slices, for one training run each of several lengths, by name."""
    rows = [
        row | {"series": length}
        for length, studies in trained.items()
        for row in _differences(studies, comparisons, HALF)
    ]
    cases = len(rows) // len(trained)
    worse = [sum(row["high"] < 0 for row in rows if row["series"] == length) for length in trained]
    counts = " and ".join(f"{count} of {cases} after {length}" for count, length in zip(worse, trained, strict=True))
    than = f"is measurably worse in {counts.replace(' after', ' cases after', 1)}"
    told = f"{SLICES[HALF]}, one network for both {than} ({kind}, one run each)"
    alt = f"{told}: {in_numbers(rows)}"
    return dots_chart(rows, x_title=_x_title(rows), alt=alt, title=told, sides=("worse", "better"))


def _x_title(rows: Sequence[Mapping[str, Any]]) -> str:
    several = "; small dots: single training runs" if any(row["each"] for row in rows) else ""
    return f"{FROM_SPECIALIST} (95 % interval{several})"


def _differences(studies: Studies, comparisons: Comparisons, start: str) -> list[dict[str, Any]]:
    """Rows of one kind of comparison, one for each pair and side."""
    return [
        {"name": sides_of(name)[side], "series": ROLES[start], **vars(_difference(study, groups, arm, other, side))}
        | {"each": study.each(arm, other, dict.fromkeys(groups[side])) if isinstance(study, Trainings) else []}
        for name, (study, groups) in studies.items()
        for tested in ("P", "Q")
        for key, (arm, other, side) in comparisons.items()
        if side == tested and role(key) == ROLES[start]
    ]


def _sharing_message(studies: Studies, comparisons: Comparisons) -> str:
    """In how many cases the network for both is certainly worse, with as many slices as the specialist or more."""
    counts = {}
    for start in (HALF, WHOLE):
        found = _differences(studies, comparisons, start)
        worse = sum(row["high"] < 0 for row in found)
        counts[start] = (f"{worse} of {len(found)} cases" if worse else "none") if found else ""
    if not all(counts.values()):
        return "Ten to one: differences from the specialist"
    half = f"{SLICES[HALF]}, one network for both is worse than the specialist in {counts[HALF]}"
    return f"{half}; with twice as many, in {counts[WHOLE]}"


def in_words(studies: Studies, comparisons: Comparisons) -> list[str]:
    """The range of each kind of difference over all pairs and sides, one line of Markdown for each."""
    told = []
    for words in dict.fromkeys(filter(None, map(role, comparisons))):
        found = {
            sides_of(name)[side]: _difference(study, groups, arm, other, side)
            for name, (study, groups) in studies.items()
            for key, (arm, other, side) in comparisons.items()
            if role(key) == words
        }
        told.append(f"**{words[0].upper()}{words[1:]}:** {_range(found)}.")
    return told


def against_longer_in_words(once: Studies, longer: Studies) -> list[str]:
    """The network for both minus specialists trained for twice as many epochs, on half as many slices; one line.

    Empty if there are no pairs.
    """
    found = {}
    for name, (study, groups) in once.items():
        for side in ("P", "Q"):
            tests = dict.fromkeys(groups[side])
            both, alone = study.over(BOTH, tests), longer[name][0].over(side, tests)
            found[sides_of(name)[side]] = performance_gap(both, alone)
    words = "Network trained on both, against specialists trained for twice as many epochs (one training run)"
    return [f"**{words}:** {_range(found)}."] if found else []


def _range(found: Mapping[str, Interval]) -> str:
    """The lowest and the highest of several differences, with the side of each."""
    least, most = (pick(found, key=lambda side: found[side].value) for pick in (min, max))
    return " to ".join(f"{measured(found[one], signed=True)} ({one})" for one in dict.fromkeys((least, most)))


def _difference(study: Scored, groups: Groups, arm: str, other: str, side: str) -> Interval:
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
    columns = {"side": "tested on", "arm": "trained on", "other": "compared with", "by": "difference in SSIM"}
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
