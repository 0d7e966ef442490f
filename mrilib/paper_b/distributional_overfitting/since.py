"""Change in SSIM due to training past the epoch that is best out of distribution, as named curves."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair

from mrilib.figures.charts import LEADING, WIDTH, data, finished, haloed, spaced, tooltip
from mrilib.figures.sentences import number, verdict
from mrilib.figures.theme import INK, MUTED, NAMED, SERIES_COLORS
from mrilib.gap import Interval, performance_gap
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.experiment import title as named
from mrilib.paper_b.distributional_overfitting.report import SIDES, STEEP
from mrilib.paper_b.distributional_overfitting.trainings import TRAININGS
from mrilib.paper_b.distributional_overfitting.words import words_of

Curves = Mapping[str, Curve]  # by names of `trainings.TRAININGS`
COLORS = dict(zip(TRAININGS, SERIES_COLORS, strict=False))
HEIGHT, ROOM, BESIDE, WORD = 300, 190, 10, 24  # pixels; ROOM for the names at the right, WORD for that at a mark
Row = dict[str, Any]


@dataclass(frozen=True)
class Line:
    """One drawn curve: the words at its end, one entry per line of text, its colour and its points."""

    words: Sequence[str]
    color: str
    rows: Sequence[Row]


def sides_since(curve: Curve, kind: str, chosen: int | None = None) -> altair.LayerChart:
    """Change in SSIM since the epoch best out of distribution, with 95 % bands and the stop or the chosen epoch."""
    best, last = curve.epochs[curve.peak], curve.epochs[-1]
    words = words_of(curve.shift)
    start, end = words.p, words.q
    changes = {side: curve.change(side, curve.peak) for side in SIDES}
    told = [_effect(changes[side], name) for side, name in zip(SIDES, (start, end), strict=True)]
    opposed = changes["P"].value * changes["Q"].value < 0
    title = f"Training past epoch {best} {told[0]} {'but' if opposed else 'and'} {told[1]} ({kind} data)"
    lines = []
    for side, name in zip(SIDES, (start, end), strict=True):
        from_, to = (number(curve.mean(side, point).value) for point in (curve.peak, -1))
        told_at_end = [name, SIDES[side], f"SSIM {from_} → {to}"]
        lines.append(Line(told_at_end, NAMED[SIDES[side]], _since(curve, side)))
    alt = f"{title}: {'; '.join(', '.join(line.words) for line in lines)}"
    mark, word = (curve.epochs[curve.stop], "the rule stops") if chosen is None else (chosen, f"epoch {chosen}")
    marks = [(best, f"best on {end}", "bottom"), (mark, word, "top")]
    layers = [layer for epoch, word, at in marks for layer in _marked(epoch, word, at, last)]
    return _chart(lines, f"change in SSIM since epoch {best}", "epoch", layers, alt, title)


def ood_chart(curves: Curves, kind: str, named: Callable[[str], str] = named) -> altair.LayerChart:
    """Change in SSIM out of distribution since each run's best epoch, one line per training run; below 0 is harm."""
    falls = {name: one.change("Q", one.peak) for name, one in curves.items()}
    lost = sum(fall.high < 0 for fall in falls.values())
    worst = min(falls, key=lambda name: falls[name].value)
    most = f", most for {named(worst)}" if lost > 1 else ""
    title = f"Past its best epoch, SSIM out of distribution falls {_extent(falls)}{most} ({kind} data)"
    alt = f"{title}: " + "; ".join(f"{named(name)} {fall} after its best epoch" for name, fall in falls.items())
    equal = len({one.epochs[-1] for one in curves.values()}) == 1
    lines = [
        Line(
            [named(name), number(falls[name].value, signed=True)],
            COLORS[name],
            _since(one, "Q", 1 if equal else 100 / one.epochs[-1]),
        )
        for name, one in curves.items()
    ]
    x_title = "epoch" if equal else "share of the training completed, %"
    return _chart(lines, "change in SSIM since the best epoch", x_title, [], alt, title)


def _extent(falls: Mapping[str, Interval]) -> str:
    """By how much SSIM falls if it does in all of several runs, each with an interval below 0; else in how many."""
    lost = [-fall.value for fall in falls.values() if fall.high < 0]
    if 1 < len(lost) == len(falls):
        return f"by {number(min(lost))} to {number(max(lost))}"
    return f"in {len(lost)} of {len(falls)} training runs"


def _effect(change: Interval, name: str) -> str:
    verb = verdict(change, "raises", "lowers", "does not measurably change")
    return f"{verb} SSIM on {name}"


def _since(curve: Curve, side: str, scale: float = 1) -> list[Row]:
    """SSIM minus SSIM at the best epoch, paired by slice, at the points that are shown."""
    scores = curve.scores(f"test {side}")
    return [
        {"x": scale * epoch} | vars(performance_gap(scores[point], scores[curve.peak]))
        for point, epoch in enumerate(curve.epochs)
        if epoch >= min(STEEP, curve.epochs[-1] // 2)
    ]


def _chart(
    lines: Sequence[Line], y_title: str, x_title: str, further: Sequence[altair.Chart], alt: str, title: str
) -> altair.LayerChart:
    zero = altair.Chart(data([{"zero": 0}])).mark_rule(color=INK, strokeWidth=1.2)
    layers = [zero.encode(y=altair.Y("zero:Q")), *further]
    for line in lines:
        layers += _curve(line, x_title, y_title)
    chart = altair.layer(*layers, *_names(lines))
    return finished(chart, alt, title).properties(width=WIDTH - ROOM, height=HEIGHT)


def _curve(line: Line, x_title: str, y_title: str) -> list[altair.Chart]:
    x = altair.X("x:Q", title=x_title, scale=altair.Scale(nice=False), axis=altair.Axis(tickCount=8))
    y = altair.Y("value:Q", title=y_title, axis=altair.Axis(tickCount=6))
    base = altair.Chart(data(line.rows)).encode(x=x)
    return [
        base.mark_area(opacity=0.18, color=line.color).encode(y=altair.Y("low:Q", title=y_title), y2="high:Q"),
        base.mark_line(color=line.color, strokeWidth=3).encode(y=y, tooltip=tooltip(None, "x", "value")),
    ]


def _names(lines: Sequence[Line]) -> list[altair.Chart]:
    """The words at the ends of the curves, as far apart as they need."""
    ranked = sorted(lines, key=lambda line: -line.rows[-1]["value"])
    shown = [row[key] for line in lines for row in line.rows for key in ("low", "high", "value")]
    pixel = (max(shown) - min(shown) or 1) / HEIGHT
    apart = LEADING * max(len(line.words) for line in lines) + 4
    places = spaced([line.rows[-1]["value"] for line in ranked], apart * pixel)
    return [
        altair.Chart(data([{"value": place, "words": "\n".join(line.words)}]))
        .mark_text(
            align="left",
            baseline="middle",
            dx=BESIDE,
            color=line.color,
            fontWeight="bold",
            lineBreak="\n",
            dy=-LEADING * (len(line.words) - 1) / 2,
        )
        .encode(x=altair.value(WIDTH - ROOM), y=altair.Y("value:Q"), text="words:N")
        for place, line in zip(places, ranked, strict=True)
    ]


def _marked(epoch: int, word: str, at: str, last: int) -> list[altair.Chart]:
    """A dashed line at an epoch, with words at its upper or lower end; it leaves the height of words at the other."""
    base = altair.Chart(data([{"x": epoch, "word": word}])).encode(x=altair.X("x:Q"))
    side: Row = {"align": "left", "dx": 6} if epoch < last / 2 else {"align": "right", "dx": -6}
    words = base.encode(y=altair.value(10 if at == "top" else HEIGHT - 10), text="word:N")
    ends = (0, HEIGHT - WORD) if at == "top" else (WORD, HEIGHT)
    line = base.encode(y=altair.value(ends[0]), y2=altair.value(ends[1]))
    return [line.mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5), *haloed(words, **side)]
