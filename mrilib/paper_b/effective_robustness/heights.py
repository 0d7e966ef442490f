"""Effective robustness under every shift, as one chart and in three sentences."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair

from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.sentences import measured
from mrilib.figures.theme import MUTED, NAMED
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


def heights_chart(found: Found, longer: Found, kind: str) -> altair.LayerChart:
    """Height of P above the line of P_best (0) under every shift, with its 95 % interval, the largest first.

    For the shifts in `longer`, the height of networks trained for twice as many epochs is a second dot.
    """
    rows = [
        {"name": ARROWS[name], "series": f"{each.p.epochs} epochs" if longer else "", **vars(each.gain(P))}
        for name, one in _ranked(found)
        for each in _lengths(found, longer, name)
    ]
    title = f"{_message(found, longer)} ({kind} data)"
    series = dict.fromkeys(row["series"] for row in rows)
    colors = dict(zip(reversed(series), (NAMED[P], MUTED), strict=False))  # the longest training is emphasised
    look: dict[str, Any] = {"title": title, "colors": {name: colors[name] for name in series}, "sides": SIDES}
    return dots_chart(rows, x_title=X_TITLE, alt=f"{title}: {in_numbers(rows)}", **look)


def in_words(found: Found) -> list[str]:
    """The shifts under which P lies above the line or not, and how far above it networks trained on P and Q lie."""
    above, below, level = ([name for name in found if _sign(found[name].gain(P)) == sign] for sign in (1, -1, 0))
    told = [
        f"**{words}:** {'; '.join(_gained(found, name) for name in names)}."
        for words, names in (
            ("More robust than SSIM in distribution predicts", above),
            ("Less robust than SSIM in distribution predicts", below),
            ("Not distinguishable from what SSIM in distribution predicts", level),
        )
        if names
    ]
    most, least = (pick(found.values(), key=lambda one: one.gain(P_AND_Q).value) for pick in (max, min))
    ends = (f"{measured(one.gain(P_AND_Q), signed=True)} ({ARROWS[one.name]})" for one in (least, most))
    return [*told, f"**Networks trained on P and Q, relative to the same line:** {' to '.join(ends)}."]


def longer_in_words(found: Found) -> list[str]:
    """The heights of P after twice as many epochs, and whether the longer training moved them; one line of Markdown.

    Empty if there are no shifts.
    """
    told = [
        f"{ARROWS[name]} {measured(one.longer.gain(P), signed=True)}, {'moved' if one.moves(P) > 1 else 'settled'}"
        for name, one in _ranked(found)
    ]
    return [f"**Effective robustness of P after twice as many epochs:** {'; '.join(told)}."] if told else []


def _ranked(found: Found) -> Sequence[tuple[str, Robustness]]:
    return sorted(found.items(), key=lambda item: -item[1].gain(P).value)


def _gained(found: Found, name: str) -> str:
    return f"{ARROWS[name]} {measured(found[name].gain(P), signed=True)}"


def _message(found: Found, longer: Found) -> str:
    """The figure's message: to which shifts P is more or less robust, if longer training hardly moves the height."""
    changing = [TO[name] for name, one in _ranked(found) if name in longer and one.moves(P) > 1]
    signs = {TO[name]: _sign(one.gain(P)) for name, one in _ranked(found) if TO[name] not in changing}
    more, less = ([name for name, seen in signs.items() if seen == sign] for sign in (1, -1))
    told = [
        f"{word} to {_listed(names)}"
        for word, names in (("more robust", more), ("less" if more else "less robust", less))
        if names
    ]
    if changing and not told:
        return (
            f"Whether diverse data make a network more robust to {_listed(changing)} depends on the length of training"
        )
    end = f"; for {_listed(changing)}, the effect depends on the length of training" if changing else ""
    return f"Diverse data make a network {', but '.join(told) or 'neither more nor less robust'}{end}"


def _lengths(found: Found, longer: Found, name: str) -> list[Robustness]:
    return [found[name], *([found[name].longer] if name in longer else [])]


def _sign(gain: Interval) -> int:
    """Sign of a height, 0 if its interval contains 0."""
    return (gain.low > 0) - (gain.high < 0)


def _listed(words: Sequence[str]) -> str:
    return " and ".join([*([", ".join(words[:-1])] if words[1:] else []), *words[-1:]])
