"""Charts of a contest: how far methods end behind test-time training, and how long they take."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import number
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest
from mrilib.paper_a.zero_shot_and_untrained.report import Scores, time_ratio
from mrilib.paper_a.zero_shot_and_untrained.words import LEADER, in_words, short

TRAINED, ZERO_SHOT, UNTRAINED = "trained network + TTT", "ZS-SSL", "network without training"
ALONE = "trained network, not adapted"
NOT_ADAPTED = "supervised on P"
NEARLY = 0.25  # of TTT's gain over no adaptation; networks that are certainly less far behind score nearly as high
# Colour of each kind of method: that of its first method from P, and grey for what is not adapted.
KINDS = {
    TRAINED: NAMED["joint on P + TTT"],
    ZERO_SHOT: NAMED["ZS-SSL from P"],
    UNTRAINED: NAMED["un-trained network"],
    ALONE: NAMED["zero-filled"],
}


def behind_chart(scores: Scores, drawn: Sequence[str], shift: str, kind: str) -> altair.LayerChart:
    """SSIM of the methods `drawn` and of `LEADER` minus that of `LEADER`, paired by slice, in the colours of KINDS.

    Methods that adapt to the slice are ranked first; networks that do not are for reference.
    """
    by = {name: performance_gap(scores[name], scores[LEADER]) for name in (LEADER, *drawn)}
    ranked = sorted(by, key=lambda name: (kind_of(name) == ALONE, -by[name].value))
    rows = [
        {"name": _row_name(name, shift), "series": kind_of(name), "certain": name == LEADER or by[name].excludes_zero}
        | vars(by[name])
        for name in ranked
    ]
    gain = performance_gap(scores[LEADER], scores[NOT_ADAPTED]).value if NOT_ADAPTED in scores else 0.0
    title = f"{_message({name: by[name] for name in drawn if kind_of(name) == UNTRAINED}, gain)} ({kind} data)"
    x_title = f"SSIM minus that of TTT (95 % interval, n = {len(scores[LEADER])})"
    alt = f"{title}: {in_numbers([{**row, 'series': ''} for row in rows])}"
    return _by_kind(rows, x_title=x_title, alt=alt, title=title, sides=("worse than TTT", "better than TTT"))


def _row_name(name: str, shift: str) -> str:
    return f"{'not adapted: ' if kind_of(name) == ALONE else ''}{in_words(name, shift)}"


def _message(by: Mapping[str, Interval], gain: float) -> str:
    """Whether networks without training nearly reach test-time training, which gains `gain` over no adaptation."""
    if ahead := [short(name) for name, one in by.items() if one.low > 0]:
        return f"Networks without any training set can end above TTT: {' and '.join(ahead)}"
    if all(not one.excludes_zero for one in by.values()):
        return "Networks without any training set score as TTT does, within the intervals"
    start = "Without any training set, networks"
    if all(-one.low < NEARLY * gain for one in by.values()):
        return f"{start} score nearly as high as TTT"
    behind = sorted({number(-one.value) for one in by.values()})
    gains = f", which gains {number(gain)}" if gain else ""
    return f"{start} end {' to '.join(dict.fromkeys((behind[0], behind[-1])))} below TTT{gains}"


def _by_kind(rows: Sequence[Mapping[str, Any]], **look: Any) -> altair.LayerChart:
    """Rows in the colours of their kinds, without a legend: their names say the kind."""
    return dots_chart(rows, colors=KINDS, legend=False, **look)


def gain_in_words(scores: Mapping[str, float], kind: str) -> str:
    """Whether every method that adapts to one slice beats the first one, without adaptation, and which is best."""
    (_, first), *rest = scores.items()
    best = short(max(scores, key=scores.__getitem__))
    better = sum(score > first for _, score in rest)
    who = (
        "every method that adapts beats" if better == len(rest) else f"{better} of {len(rest)} methods that adapt beat"
    )
    return f"On this slice, {who} the network that does not; {best} scores highest ({kind} data)"


def kind_of(name: str) -> str:
    """Kind of a method, one of KINDS."""
    if name.startswith("ZS-SSL"):
        return ZERO_SHOT
    if name.endswith("TTT"):
        return TRAINED
    return ALONE if " on " in name else UNTRAINED


def seen_q(name: str) -> bool:
    """Whether a method's network was trained on Q."""
    return bool(re.search(r"(on|from) Q", name))


def times_chart(contest: Contest, slow: str, fast: str, shift: str, kind: str) -> altair.LayerChart:
    """Stored seconds per slice of every method that adapts to the slice without training on Q, the fastest first."""
    drawn = [name for name in contest.methods if not seen_q(name)]
    seconds = {name: mean_interval(contest.on_test(name)["seconds"]) for name in drawn}
    rows = [{"name": in_words(name, shift), "series": kind_of(name), **vars(one)} for name, one in seconds.items()]
    rows.sort(key=lambda row: row["value"])
    ratio = number(time_ratio(contest, slow, fast).value, 1)
    subject = short(slow)
    title = f"{subject[:1].upper()}{subject[1:]} takes {ratio} times as long as {short(fast)} ({kind} data)"
    x_title = f"seconds per slice, one thread (mean and 95 % interval, n = {seconds[slow].n})"
    told = ", ".join(f"{row['name']} {number(row['value'], 0)} s" for row in rows)
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {told}", title=title, zero=False, digits=0, start=0)
