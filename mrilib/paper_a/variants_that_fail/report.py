"""Charts, images and recorded results of the variants of test-time training."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown
from torch import Tensor

from mrilib.figures.charts import BESIDE, LEADING, LETTER, WIDTH, data, finished, spaced
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import bullets, measured, number, percent
from mrilib.figures.theme import NAMED, SERIES_COLORS
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.models.cycle import CycleReconstructor
from mrilib.paper_a.variants_that_fail.experiment import TABLE_5, Closing, Tuned
from mrilib.sample import Sample

Scores = Mapping[tuple[str, str], Sequence[float]]  # (method, side) → SSIM of each test slice
# Methods, with the fraction of the gap that paper A says each closes.
METHODS = {
    "supervised": "",
    "two-head": "",
    "two-head + TTT": "0 %",
    "CycleU-Net": "",
    "CycleU-Net + TTT": "29.4 %",
    "affine-only + TTT": "",
    "joint + TTT": "98.6 %",
}
DRAWN = tuple(name for name in METHODS if name == "supervised" or name.endswith("TTT"))
OWN_LOSS = ("affine-only + TTT", "joint + TTT")
NAMES = {"supervised": "supervised, not adapted"}
LEFT, GAP = "from P to the supervised network of Q", "between the method's own two networks"
SHADES = {LEFT: SERIES_COLORS[0], GAP: NAMED["zero-filled"]}
HEADS, TUNING = "two heads in place of one, before TTT", "TTT of the network with two heads"
LOSS, SCORE = "loss, relative to its start", "true SSIM"
PANEL = 150  # pixels: height of one panel of `tuning_chart`
CHANGES = {HEADS: NAMED["zero-filled"], TUNING: NAMED["two-head on Q + TTT"]}


def label(method: str, side: str) -> str:
    """Name of a method's network: `two-head + TTT`, P → "two-head on P + TTT"."""
    net, plus, ttt = method.partition(" + ")
    return f"{net} on {side}{plus}{ttt}"


def gaps(scores: Scores, kind: str) -> altair.LayerChart:
    """What each method leaves of the gap, as two paired differences: to the supervised network of Q, and to its own."""
    best = scores["supervised", "Q"]
    rows = []
    for name in DRAWN:
        ends = {LEFT: best, GAP: scores[name, "Q"]}
        found = {series: performance_gap(end, scores[name, "P"]) for series, end in ends.items()}
        rows += [{"name": NAMES.get(name, name), "series": series, **vars(one)} for series, one in found.items()]
    left = {row["name"]: number(row["value"]) for row in rows if row["series"] == LEFT}
    told = " and ".join(value for name, value in left.items() if name.endswith("TTT") and name not in OWN_LOSS)
    own = f"paper A's own loss leaves {left[OWN_LOSS[-1]]}, the auxiliary tasks leave {told}"
    title = f"Of a gap of {left[NAMES['supervised']]}, {own} ({kind} data)"
    x_title = f"difference of SSIM on Q (95 % interval, n = {len(best)})"
    return dots_chart(rows, x_title=x_title, alt=f"{title}. {in_numbers(rows)}", title=title, colors=SHADES)


def tuning_chart(tuned: Mapping[str, Tuned], kind: str) -> altair.VConcatChart:
    """The loss of each method over its iterations, relative to its start, and below it the true SSIM of one slice.

    Args:
        tuned: runs of networks trained on P by method, with their scores.
        kind: "simulated" or "measured".
    """
    losses = {name: [loss / one.losses[0] for loss in one.losses] for name, one in tuned.items()}
    scores = {name: one.scores for name, one in tuned.items()}
    told = "; ".join(_both_in_words(name, losses[name], scores[name]) for name in tuned)
    title = f"On one {kind} slice, {told}"
    panels = [_panel(LOSS, losses, ""), _panel(SCORE, scores, "iteration")]
    return finished(altair.vconcat(*panels, spacing=14), f"{title}. Networks trained on P", title)


def _both_in_words(name: str, losses: Sequence[float], scores: Sequence[float]) -> str:
    lowers = "lowers" if losses[-1] < losses[0] else "raises"
    rises = "rises" if scores[-1] > scores[0] else "falls"
    share, moved = abs(100 * (losses[-1] - 1)), abs(scores[-1] - scores[0])
    return f"{name} {lowers} its loss by {number(share, 0)} %, and SSIM {rises} by {number(moved)}"


def _panel(y_title: str, curves: Mapping[str, Sequence[float]], x_title: str) -> Any:
    """Curves of one quantity in the colours of their networks, with their names beside their right ends."""
    names = sorted(curves, key=lambda name: -curves[name][-1])
    values = [value for curve in curves.values() for value in curve]
    apart = LEADING * (max(values) - min(values) or 1) / PANEL
    places = spaced([curves[name][-1] for name in names], apart)
    hues = [NAMED[label(f"{name} + TTT", "P")] for name in curves]
    hue = altair.Color("name:N", scale=altair.Scale(domain=list(curves), range=hues), legend=None)
    points = [{"n": n, "value": value, "name": name} for name in names for n, value in enumerate(curves[name])]
    axis = altair.Axis(tickCount=8, labels=bool(x_title), ticks=bool(x_title))
    x = altair.X("n:Q", title=x_title or None, axis=axis, scale=altair.Scale(nice=False))
    y = altair.Y("value:Q", title=y_title, axis=altair.Axis(tickCount=5), scale=altair.Scale(zero=False))
    ends = [{"value": place, "name": name} for name, place in zip(names, places, strict=True)]
    words = altair.Chart(data(ends)).mark_text(align="left", dx=BESIDE, fontWeight="bold")
    both = altair.layer(
        altair.Chart(data(points)).mark_line().encode(x=x, y=y, color=hue),
        words.encode(x=altair.value("width"), y=y, text="name:N", color=hue),
    )
    return both.properties(width=round(WIDTH - LETTER * max(map(len, names))), height=PANEL)


def nine_shifts(before: Mapping[str, Interval], change: Mapping[str, Interval], kind: str) -> altair.LayerChart:
    """Paired differences under each transform: two heads against one before TTT, and what TTT of two heads changes."""
    rows = [
        {"name": name, "series": series, **vars(one)}
        for name in change
        for series, one in ((HEADS, before[name]), (TUNING, change[name]))
    ]
    helped, hurt = (sum(test(one) for one in change.values()) for test in (_helps, _hurts))
    title = f"TTT of two heads: better under {helped}, worse under {hurt} of {len(change)} transforms ({kind} data)"
    axis = "change of SSIM (95 % interval)"
    return dots_chart(rows, x_title=axis, alt=f"{title}: {in_numbers(rows)}", title=title, colors=CHANGES)


def _helps(change: Interval) -> bool:
    return change.low > 0


def _hurts(change: Interval) -> bool:
    return change.high < 0


def round_trips(net: CycleReconstructor, sample: Sample) -> list[list[Tensor]]:
    """Magnitudes, (y, x), along the two passes of paper A's Figure 7: x, g(x), f(g(x)) and A†y, f(A†y), g(f(A†y))."""
    y, A = sample.masked_kspace, sample.operator
    x, coarse = sample.target + 0j, net.initial(y, A)
    there, image = net.degrade(x), net.refine(coarse, y, A)
    passes = [[x, there, net.refine(there, y, A)], [coarse, image, net.degrade(image)]]
    return [[one.abs() for one in row] for row in passes]


def lifts(scores: Scores, methods: Iterable[str]) -> dict[str, Interval]:
    """What tuning changes for each network of these methods, by the network's name."""
    return {
        label(name, side): performance_gap(scores[f"{name} + TTT", side], scores[name, side])
        for name in methods
        for side in "PQ"
    }


def summary(results: Mapping[str, Closing], counts: Mapping[str, int], transforms: int) -> Markdown:
    """List: what the auxiliary tasks and what paper A's own loss close and reach, and the artificial shifts."""
    gap = f"The gap without TTT is {measured(results['supervised'].gap)} (paper A: {TABLE_5[2]:.3f})"
    tuned = {name: _in_words(name, one) for name, one in results.items() if name.endswith("TTT")}
    auxiliary = "; ".join(words for name, words in tuned.items() if name not in OWN_LOSS)
    own = "; ".join(words for name, words in tuned.items() if name in OWN_LOSS)
    said = " and ".join(f"{what} {count}" for what, count in counts.items())
    shifts = f"of {transforms} transforms, TTT of the two-head network {said} (counting intervals that exclude 0)"
    return bullets(
        [
            f"**Auxiliary tasks.** {gap}: {auxiliary}.",
            f"**Paper A's own loss.** Tuned on it, {own}.",
            f"**Artificial shifts:** {shifts}.",
        ]
    )


def _in_words(name: str, found: Closing) -> str:
    paper = f"paper A: {METHODS[name]}" if METHODS[name] else "not in paper A"
    return f"{name} closes {percent(found.closed)} of the gap ({paper}) and reaches {percent(found.reached)}"


def record_results(results: Mapping[str, Closing], lift: Mapping[str, Interval]) -> None:
    """Write gap, both scores and both fractions of each method, and what tuning changes, to `results.json`."""
    for name, one in results.items():
        parts = {"gap": one.gap, "ssim_q": mean_interval(one.after_q), "ssim_p": mean_interval(one.after_p)}
        fractions = {"fraction_closed": one.closed.interval, "fraction_reached": one.reached.interval}
        for part, interval in (parts | fractions).items():
            if interval:
                record_interval(f"{part}_{_key(name)}", interval)
    for name, interval in lift.items():
        record_interval(f"lift_{_key(name)}", interval)


def _key(name: str) -> str:
    return name.replace("U-Net", "").replace(" + ", "_").replace(" on ", "_").replace("-", "_").lower()
