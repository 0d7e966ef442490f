"""Charts of two remedies for a shift: gain from TTT by training set, and the fraction of the gap that each closes."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair

from mrilib.beyond.ttt_on_diverse_models.experiment import (
    DIVERSE,
    GOAL,
    HOME,
    ONE,
    REMEDIES,
    SIX,
    TRAINED_ON,
    Remedy,
    Studies,
    closed,
    lift,
    lift_lost,
    pooled,
)
from mrilib.figures.dots import dots_chart
from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.sentences import number, verdict
from mrilib.figures.theme import MUTED, NAMED
from mrilib.paper_b.plain_names import body_part

KINDS = len(TRAINED_ON[DIVERSE])
WORDS = {
    ONE: "one kind of knee",
    SIX: "six kinds of knee",
    DIVERSE: f"diverse: {KINDS} kinds of scan",
    HOME: "the test distribution",
}
SHORT = {ONE: WORDS[ONE], DIVERSE: "diverse"}
WITHOUT, WITH, AIM = "without TTT", "with TTT", "trained on the test distribution"
TALL = 52  # CSS pixels from line to line of the first chart
COLORS = {WITHOUT: MUTED, WITH: NAMED["TTT"], AIM: NAMED["test distribution"]}
BESIDE = "TTT adds [95 % interval]"


def lifts_chart(found: Studies, where: str) -> altair.LayerChart:
    """SSIM without and with TTT, one line per training set, over all test slices.

    A line marks the score without TTT of the network trained on the test distribution.
    """
    arms = list(next(iter(found.values())).arms)
    rows = [_lift(WORDS[arm], found, arm) for arm in arms]
    title = f"{_message(found)} ({where})"
    aim = fmean(pooled(found, GOAL))
    alt = f"{title}: {steps_in_numbers(rows)}; {AIM} {number(aim)}"
    words = {"x_title": f"mean SSIM over {len(pooled(found, GOAL))} test slices", "alt": alt, "title": title}
    return dumbbell_chart(rows, **words, beside=BESIDE, colors=COLORS, row_height=TALL, level=(AIM, aim))


def collections_chart(found: Studies, where: str) -> altair.LayerChart:
    """SSIM without and with TTT on each collection, for the least and the most diverse training set."""
    rows = [
        _lift(f"{body_part(name)}\n{words}", {name: study}, arm, {AIM: fmean(pooled({name: study}, GOAL))})
        for name, study in found.items()
        for arm, words in SHORT.items()
    ]
    title = f"{_extremes(found)} ({where})"
    alt = f"{title}: {steps_in_numbers(rows)}"
    return dumbbell_chart(rows, x_title="mean SSIM", alt=alt, title=title, beside=BESIDE, colors=COLORS)


def _lift(name: str, found: Studies, arm: str, further: Mapping[str, float] | None = None) -> dict[str, Any]:
    marks = {words: fmean(pooled(found, Remedy(arm, ttt))) for words, ttt in ((WITHOUT, False), (WITH, True))}
    return step(name, marks | dict(further or {}), lift(found, arm))


def _message(found: Studies) -> str:
    """Whether TTT helps the diverse network, and less or more than the network trained on one kind of knee."""
    still = verdict(lift(found, DIVERSE), "still helps", "harms", "does not measurably help")
    less = verdict(
        lift_lost(found, DIVERSE),
        ", but it adds less than",
        ", and it adds more than",
        ", and it adds about as much as",
    )
    compared = f"{less} after training on {WORDS[ONE]}" if still == "still helps" else ""
    return f"After diverse training, TTT {still}{compared}"


def _extremes(found: Studies) -> str:
    """Where TTT adds most and least to the diverse network."""
    adds = {body_part(name): lift({name: study}, DIVERSE).value for name, study in found.items()}
    most, least = (pick(adds, key=adds.__getitem__) for pick in (max, min))
    return f"TTT adds most to the SSIM of the diverse network on “{most}” and least on “{least}”"


def closed_rows(groups: Mapping[str, Studies]) -> list[dict[str, Any]]:
    """Fraction of the gap closed by each remedy, by group of `report.grouped`; groups without a gap are omitted."""
    return [
        {"name": f"{where}: {name}", **vars(fraction)}
        for where, studies in groups.items()
        for name, remedy in REMEDIES.items()
        if (fraction := closed(studies, remedy).interval) is not None
    ]


def closed_chart(rows: Sequence[dict[str, Any]], title: str) -> altair.LayerChart:
    """Chart of `closed_rows`, which must not be empty."""
    alt = f"{title}: " + "; ".join(f"{row['name']} {row['value']:.0%}" for row in rows)
    return dots_chart(rows, x_title="fraction of the gap closed", alt=alt, title=title)
