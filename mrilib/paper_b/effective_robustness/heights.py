"""Effective robustness under every shift, as one chart and in three sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import measured
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval
from mrilib.paper_b.effective_robustness.experiment import P_AND_Q, P, Robustness
from mrilib.paper_b.effective_robustness.report import ARROWS

X_TITLE = "effective robustness: SSIM on Q minus what SSIM on P predicts (95 % interval)"
SIDES = "worse than predicted", "better than predicted"  # networks left and right of 0
TO = {
    "anatomy": "a new anatomy",
    "contrast": "a new contrast",
    "field": "a stronger field",
    "coils": "a new anatomy with fewer coils",
}  # what each shift leads to
Found = Mapping[str, Robustness]


def heights_chart(found: Found, kind: str) -> altair.LayerChart:
    """Height of P above the line of P_best (0) under every shift, with its 95 % interval, the largest first."""
    rows = [{"name": ARROWS[name], **vars(one.gain(P))} for name, one in _ranked(found)]
    title = f"{_message(found)} ({kind} data)"
    look: dict[str, Any] = {"title": title, "colors": {"": NAMED[P]}, "sides": SIDES}
    return dots_chart(rows, x_title=X_TITLE, alt=f"{title}: {in_numbers(rows)}", **look)


def longer_chart(found: Found, kind: str) -> altair.LayerChart:
    """The heights of P with networks as trained in `found`, and with those trained for twice as many epochs."""
    rows = [
        {"name": ARROWS[name], "series": f"{each.p.epochs} epochs", **vars(each.gain(P))}
        for name, one in _ranked(found)
        for each in (one, one.longer)
    ]
    moved = sum(one.moves(P) > 1 for one in found.values())
    title = f"After twice as many epochs, {moved} of {len(found)} heights have moved by more than half their intervals"
    told = f"{title} ({kind} data)"
    return dots_chart(rows, x_title=X_TITLE, alt=f"{told}: {in_numbers(rows)}", title=told, sides=SIDES)


def in_words(found: Found) -> list[str]:
    """The shifts under which P lies above the line or not, and how far above it networks trained on P and Q lie."""
    above, below = ([name for name in found if wanted(found[name].gain(P))] for wanted in (_above, _below))
    level = [name for name in found if name not in (*above, *below)]
    told = [
        f"**{words}:** {'; '.join(_gained(found, name) for name in names)}."
        for words, names in (
            ("More robust than SSIM in distribution explains", above),
            ("Less robust than SSIM in distribution explains", below),
            ("Not distinguishable from what SSIM in distribution explains", level),
        )
        if names
    ]
    most, least = (pick(found.values(), key=lambda one: one.gain(P_AND_Q).value) for pick in (max, min))
    ends = (f"{measured(one.gain(P_AND_Q), signed=True)} ({ARROWS[one.name]})" for one in (least, most))
    return [*told, f"**Networks trained on P and Q** lie at {' to '.join(ends)} relative to the same line."]


def _ranked(found: Found) -> Sequence[tuple[str, Robustness]]:
    return sorted(found.items(), key=lambda item: -item[1].gain(P).value)


def _above(gain: Interval) -> bool:
    return gain.low > 0


def _below(gain: Interval) -> bool:
    return gain.high < 0


def _gained(found: Found, name: str) -> str:
    return f"{ARROWS[name]} {measured(found[name].gain(P), signed=True)}"


def _message(found: Found) -> str:
    """The figure's message, as far as the intervals support it: to which shifts P is more and less robust."""
    more, less = (
        _listed([TO[name] for name, one in _ranked(found) if wanted(one.gain(P))]) for wanted in (_above, _below)
    )
    told = [
        f"{word} to {names}"
        for word, names in (("more robust", more), ("less" if more else "less robust", less))
        if names
    ]
    return f"Diverse data make a network {', but '.join(told) or 'neither more nor less robust'}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])
