"""Charts of notebook 20: SSIM during test-time training, with a name at the end of each curve, and methods by shift."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

import altair

from mrilib.beyond.ttt_for_any_network.experiment import Arm, Shifted
from mrilib.figures.charts import WIDTH, data, finished, haloed, spaced, tooltip
from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.sentences import number
from mrilib.figures.theme import METHOD_COLORS, MUTED, SERIES_COLORS, with_intervals
from mrilib.gap import mean_interval, performance_gap
from mrilib.train.objectives import Loss

FREE, PAPER_A, BEFORE = "free phase", "paper A's method", "without TTT"
COLORS = {PAPER_A: METHOD_COLORS["supervised on P + TTT"], FREE: SERIES_COLORS[0], BEFORE: MUTED}
FREE_ARM, PAPER_ARM, JOINT_ARM = (
    Arm("supervised", "P", "free"),
    Arm("supervised", "P", "network"),
    Arm("joint", "P", "network"),
)
CURVES = {FREE_ARM: COLORS[FREE], JOINT_ARM: METHOD_COLORS["joint on P + TTT"], PAPER_ARM: COLORS[PAPER_A]}
SHIFTS = {
    "anatomy": "knee → brain",
    "dataset": "fastMRI knee → Stanford knee",
    "modality": "T2 brain → T1 brain",
    "acceleration": "knee, 4× → 2×",
    "adversarially_filtered": "knee → hardest knee slices",
}
ROOM, HEIGHT, LEADING, BESIDE = 195, 290, 18, 8  # pixels; ROOM for the names at the right
FALL = 0.005  # SSIM; a smaller fall is no message
Row = dict[str, Any]
_TICKS = altair.Axis(tickCount=8)


def curves_chart(found: Shifted, where: str) -> altair.LayerChart:
    """Mean SSIM of the supervised network during TTT by paper A's method and with a free phase.

    Bands are 95 % intervals over the test slices. `found` is the anatomy shift, from knees to brains.
    """
    return _curves(found, {FREE_ARM: FREE, PAPER_ARM: PAPER_A}, f"{message(found)} ({where})")


def joint_chart(found: Shifted, where: str) -> altair.LayerChart:
    """The same for paper A's method alone: the joint network, for which it was designed, and the supervised network."""
    names = {arm: f"{arm.loss} network" for arm in (JOINT_ARM, PAPER_ARM)}
    joint, supervised = (f"the {name} {_course(_curve(found, arm))}" for arm, name in names.items())
    return _curves(
        found, names, f"With paper A's TTT, SSIM of {joint}; {supervised.replace('the', 'that of the', 1)} ({where})"
    )


def message(found: Shifted) -> str:
    """How the SSIM of the supervised network changes during TTT by paper A's method and with a free phase."""
    free, paper = (_course(_curve(found, arm)) for arm in (FREE_ARM, PAPER_ARM))
    return f"With paper A's TTT, SSIM {paper}; with a free phase, it {free}"


def _curves(found: Shifted, names: Mapping[Arm, str], title: str) -> altair.LayerChart:
    """Curves with their bands, each with its name at its end, and the score without TTT as a dashed line."""
    rows = [row for arm in names for row in _curve(found, arm)]
    x = altair.X("iteration:Q", title="iteration of test-time training", scale=altair.Scale(nice=False), axis=_TICKS)
    y = altair.Y(
        "value:Q", title="mean SSIM on brains", scale=altair.Scale(domain=[0, 1]), axis=altair.Axis(tickCount=5)
    )
    hues = altair.Scale(domain=[arm.name for arm in names], range=[CURVES[arm] for arm in names])
    base = altair.Chart(data(rows)).encode(x=x, color=altair.Color("method:N", scale=hues, legend=None))
    layers = [
        *_start(found),
        *with_intervals(base.mark_area(opacity=0.18).encode(y=altair.Y("low:Q"), y2="high:Q"), rows),
        base.mark_line(strokeWidth=3.5).encode(y=y, tooltip=tooltip("method", "iteration", "value")),
        *_lowest(_curve(found, PAPER_ARM)),
        *_names(found, names),
    ]
    alt = f"{title}. Mean SSIM: {'; '.join(_in_numbers(arm, _curve(found, arm)) for arm in names)}"
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH - ROOM, height=HEIGHT)


def shifts_chart(found: Mapping[str, Shifted], loss: Loss, where: str) -> altair.LayerChart:
    """Change from paper A's method to a free phase under every shift, for the network trained with one loss on P."""
    rows = []
    for shift, here in found.items():
        before = here.rows[Arm(loss, "P", "free")]["before"]
        columns = {PAPER_A: here.after(loss, "P", "network"), FREE: here.after(loss, "P", "free"), BEFORE: before}
        rows.append(step(SHIFTS[shift], {name: fmean(column) for name, column in columns.items()}, here.lead(loss)))
    title = f"{_shifts_title(found, loss)} ({where})"
    alt = f"{title}: {steps_in_numbers(rows)}"
    words: Row = {"x_title": "mean SSIM on the test distribution", "beside": "free phase minus paper A"}
    return dumbbell_chart(rows, alt=alt, title=title, colors=COLORS, **words)


def _shifts_title(found: Mapping[str, Shifted], loss: Loss) -> str:
    leads = [here.lead(loss) for here in found.values()]
    better, worse = sum(lead.low > 0 for lead in leads), sum(lead.high < 0 for lead in leads)
    gains = [
        performance_gap(here.after(loss, "P", "free"), here.rows[Arm(loss, "P", "free")]["before"])
        for here in found.values()
    ]
    helped, start = sum(gain.low > 0 for gain in gains), f"For the {loss} network, a free phase is better than"
    if better == helped == len(leads):
        return f"{start} both paper A's method and no TTT under every shift"
    counted = f"under {better or 'none'} of {len(leads)} shifts{f' and worse under {worse}' * (worse > 0)}"
    return f"{start} paper A's method {counted}, and better than no TTT under {helped or 'none'}"


def _curve(found: Shifted, arm: Arm) -> list[Row]:
    """Mean SSIM during the runs of one arm, with its interval over the slices."""
    row = found.rows[arm]
    return [
        {"method": arm.name, "iteration": at, **vars(mean_interval([curve[place] for curve in row["curves"]]))}
        for place, at in enumerate(row["iterations"])
    ]


def _course(curve: Sequence[Row]) -> str:
    """Whether a curve visibly falls below its first value, and whether it rises."""
    low = min(row["value"] for row in curve)
    if low >= curve[0]["value"] - FALL:
        return "rises from the start" if curve[-1]["value"] > curve[0]["value"] + FALL else "stays level"
    return "first falls" if curve[-1]["value"] > low else "falls"


def _start(found: Shifted) -> list[altair.Chart]:
    """A dashed line at the supervised network's score without TTT."""
    level = altair.Chart(data([{"value": _curve(found, PAPER_ARM)[0]["value"]}]))
    return [level.mark_rule(color=MUTED, strokeDash=[4, 4]).encode(y=altair.Y("value:Q"))]


def _lowest(curve: Sequence[Row]) -> list[altair.Chart]:
    """The lowest point of a curve with its value, if the curve falls."""
    low = min(curve, key=lambda row: row["value"])
    if low["value"] >= curve[0]["value"] - FALL:
        return []
    words = f"down to {number(low['value'], 2)} at iteration {low['iteration']}"
    point = altair.Chart(data([low | {"words": words}])).encode(x="iteration:Q", y="value:Q")
    dot = point.mark_point(filled=True, size=90, opacity=1, color=COLORS[PAPER_A])
    return [dot, *haloed(point.encode(text="words:N"), align="left", dx=14, dy=8)]


def _names(found: Shifted, names: Mapping[Arm, str]) -> list[altair.Chart]:
    """Names in the colours of the curves: to the right of long curves, and above the end of a shorter one."""
    last = {arm: _curve(found, arm)[-1] for arm in names}
    end = max(row["iteration"] for row in last.values())
    style: Row = {"align": "left", "fontWeight": "bold", "fontSize": 14}
    layers, heights = [], [(_curve(found, PAPER_ARM)[0]["value"], f"{BEFORE}: ", MUTED)]
    for arm, name in names.items():
        if last[arm]["iteration"] == end:
            heights.append((last[arm]["value"], f"{name}: ", CURVES[arm]))
            continue
        words = f"{name}: {number(last[arm]['value'], 2)} after {last[arm]['iteration']} iterations"
        at = altair.Chart(data([last[arm] | {"words": words}])).encode(x="iteration:Q", y="value:Q")
        layers += [
            at.mark_point(filled=True, size=90, opacity=1, color=CURVES[arm]),
            at.mark_text(color=CURVES[arm], dx=-4, dy=-LEADING, **style).encode(text="words:N"),
        ]
    heights.sort(reverse=True)
    places = spaced([value for value, _, _ in heights], LEADING / HEIGHT)
    for place, (value, name, color) in zip(places, heights, strict=True):
        words = f"{name}{number(value, 2)}"
        at = altair.Chart(data([{"value": place, "words": words}])).encode(y=altair.Y("value:Q"), text="words:N")
        layers.append(at.mark_text(color=color, dx=BESIDE, **style).encode(x=altair.value(WIDTH - ROOM)))
    return layers


def _in_numbers(arm: Arm, curve: Sequence[Row]) -> str:
    low = min(curve, key=lambda row: row["value"])
    ends = f"{number(curve[0]['value'])} to {number(curve[-1]['value'])} at iteration {curve[-1]['iteration']}"
    return f"{arm.name} {ends}, lowest {number(low['value'])} at {low['iteration']}"
