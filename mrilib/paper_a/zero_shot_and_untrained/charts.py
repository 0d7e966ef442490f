"""Charts of a contest: scores, leads and times, with every method in plain words."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import number
from mrilib.figures.theme import NAMED
from mrilib.gap import mean_interval, performance_gap
from mrilib.paper_a.side_words import side_name, side_word
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest
from mrilib.paper_a.zero_shot_and_untrained.report import LEADER, Scores, time_ratio

TRAINED, ZERO_SHOT, UNTRAINED = "trained network + TTT", "ZS-SSL", "network without training"
ALONE = "trained network, not adapted"
# Colour of each kind of method: that of its first method from P, and grey for what is not adapted.
KINDS = {
    TRAINED: NAMED["joint on P + TTT"],
    ZERO_SHOT: NAMED["ZS-SSL from P"],
    UNTRAINED: NAMED["un-trained network"],
    ALONE: NAMED["zero-filled"],
}

WORDS = {
    "supervised on Q": "trained on {Q}, for reference",
    "supervised on P": "trained on {P}, no adaptation",
    LEADER: "trained on {P}, then test-time training",
    "joint on Q + TTT": "trained on {Q}, then test-time training",
    "supervised on P + TTT": "trained with targets only, then test-time training",
    "ZS-SSL from P": "zero-shot learning, weights from {P}",
    "ZS-SSL from Q": "zero-shot learning, weights from {Q}",
    "un-trained network": "not trained: the same network, random weights",
    "ConvDecoder": "not trained: a decoder of fixed noise",
}
SHORT = {
    LEADER: "test-time training",
    "supervised on P + TTT": "training with targets only",
    "ZS-SSL from P": "zero-shot learning",
    "un-trained network": "the network with random weights",
    "ConvDecoder": "the decoder of fixed noise",
}


def in_words(name: str, shift: str) -> str:
    """A method in words, with both sides of the shift in a word; its own name where it is never drawn."""
    return WORDS.get(name, name).format(P=side_word(shift, "P"), Q=side_word(shift, "Q"))


def ranking(scores: Scores, drawn: Sequence[str], shift: str, kind: str) -> altair.LayerChart:
    """Mean SSIM of the methods `drawn`, best first, in the colour of their kind (`KINDS`)."""
    rows = [
        {"name": in_words(name, shift), "series": kind_of(name), **vars(mean_interval(scores[name]))} for name in drawn
    ]
    rows.sort(key=lambda row: -row["value"])
    best = max(row["value"] for row in rows if row["series"] == UNTRAINED)
    behind = round(mean_interval(scores[LEADER]).value, 3) - round(best, 3)  # of the means as they are written
    near = f"ends {number(behind)} below" if behind > 0 else "does as well as"
    title = f"Without any training set, a network {near} test-time training ({kind} data)"
    x_title = f"SSIM on {side_name(shift, 'Q')} (mean and 95 % interval, n = {len(scores[drawn[0]])})"
    told = ", ".join(f"{row['name']} {number(row['value'])}" for row in rows)
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {told}", title=title, zero=False)


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


def leads_chart(scores: Scores, leader: str, others: Sequence[str], shift: str, kind: str) -> altair.LayerChart:
    """Lead of one method over others, paired by slice, the smallest first."""
    rows = [
        {"name": in_words(name, shift), "series": kind_of(name), **vars(performance_gap(scores[leader], scores[name]))}
        for name in others
    ]
    rows.sort(key=lambda row: row["value"])
    unclear = [_short(name) for name in others if performance_gap(scores[leader], scores[name]).low <= 0]
    title = f"{_short(leader).capitalize()} is ahead of all {len(rows)} alternatives"
    if unclear:
        ahead = len(rows) - len(unclear)
        title = f"{_short(leader).capitalize()} is ahead of {ahead} of {len(rows)} alternatives"
        title += f"; its lead over {' and '.join(unclear)} is uncertain"
    title += f" ({kind} data)"
    x_title = f"lead in SSIM on the same slices (95 % interval, n = {len(scores[leader])})"
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _short(name: str) -> str:
    return SHORT.get(name, name)


def times_chart(contest: Contest, slow: str, fast: str, shift: str, kind: str) -> altair.LayerChart:
    """Stored seconds per slice of every method that adapts to the slice without training on Q, the fastest first."""
    drawn = [name for name in contest.methods if not seen_q(name)]
    seconds = {name: mean_interval(contest.on_test(name)["seconds"]) for name in drawn}
    rows = [{"name": in_words(name, shift), "series": kind_of(name), **vars(one)} for name, one in seconds.items()]
    rows.sort(key=lambda row: row["value"])
    ratio = number(time_ratio(contest, slow, fast).value, 1)
    title = f"{_short(slow).capitalize()} takes {ratio} times as long as {_short(fast)} ({kind} data)"
    x_title = f"seconds per slice, one thread (mean and 95 % interval, n = {seconds[slow].n})"
    told = ", ".join(f"{row['name']} {number(row['value'], 0)} s" for row in rows)
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {told}", title=title, zero=False, digits=0)
