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
# Colour of each kind of method: that of its first method from P, and grey for what is not adapted.
KINDS = {
    TRAINED: NAMED["joint on P + TTT"],
    ZERO_SHOT: NAMED["ZS-SSL from P"],
    UNTRAINED: NAMED["un-trained network"],
    ALONE: NAMED["zero-filled"],
}


def behind_chart(scores: Scores, drawn: Sequence[str], shift: str, kind: str) -> altair.LayerChart:
    """SSIM of the methods `drawn` minus that of `LEADER` (0), paired by slice, best first, in the colours of KINDS."""
    by = {name: performance_gap(scores[name], scores[LEADER]) for name in drawn}
    ranked = sorted(drawn, key=lambda name: -by[name].value)
    rows = [{"name": in_words(name, shift), "series": kind_of(name), **vars(by[name])} for name in ranked]
    title = f"{_message({name: by[name] for name in drawn if kind_of(name) == UNTRAINED})} ({kind} data)"
    x_title = f"SSIM minus that of TTT (95 % interval, n = {len(scores[LEADER])})"
    alt = f"{title}: {in_numbers([{**row, 'series': ''} for row in rows])}"
    return _by_kind(rows, x_title=x_title, alt=alt, title=title, sides=("worse than TTT", "better than TTT"))


def _message(by: Mapping[str, Interval]) -> str:
    """How far networks without training end below test-time training, and for which of them that is uncertain."""
    if ahead := [short(name) for name, one in by.items() if one.low > 0]:
        return f"Networks without any training set can end above TTT: {' and '.join(ahead)}"
    unclear = [short(name) for name, one in by.items() if not one.excludes_zero]
    if len(unclear) == len(by):
        return "Networks without any training set score as TTT does, within the intervals"
    ends = sorted(number(-one.value) for one in by.values() if one.value < 0)
    behind = f"end {' to '.join(dict.fromkeys((ends[0], ends[-1])))} below"
    doubt = f"; for {' and '.join(unclear)}, this is uncertain" if unclear else ""
    return f"Without any training set, networks {behind} TTT{doubt}"


def _by_kind(rows: Sequence[Mapping[str, Any]], **look: Any) -> altair.LayerChart:
    """Rows in the colours of their kinds, without a legend: their names say the kind."""
    return dots_chart(rows, colors=KINDS, legend=False, **look)


def gain_in_words(scores: Mapping[str, float], kind: str) -> str:
    """Effect of adapting to one slice on its SSIM: from the first score, without adaptation, to the others' range."""
    first, *rest = scores.values()
    to = f"to between {number(min(rest))} and {number(max(rest))}"
    verb = "raises" if min(rest) > first else "changes"
    return f"On this slice, adaptation {verb} SSIM from {number(first)} {to} ({kind} data)"


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
