"""The example, the gaps of the shifts and the intensities as pictures with their messages, and the gaps in words."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.charts import HEIGHT, WIDTH, data, finished
from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.sentences import bullets, measured, number
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval
from mrilib.paper_a.experiment import SIDES, Side
from mrilib.paper_a.published import paper_a
from mrilib.paper_a.side_words import from_to, side_name, side_word, slice_of_q, worded

PLAIN = {f"supervised on {side}": f"trained on {side}" for side in SIDES}
TRAINED: dict[Side, str] = {"P": "trained on other images (P)", "Q": "on similar images (Q)"}
BESIDE, ROOM = 12, 1.1  # CSS pixels from a peak to its name; height of the chart relative to the highest peak
Gaps = Mapping[str, Interval]


def example_message(shift: str, of_p: float, of_q: float) -> str:
    """What one slice of Q shows of the networks trained on P and on Q, from their SSIM."""
    words = "worse than" if of_p < of_q else "no worse than"
    of_each = [side_name(shift, side) for side in SIDES]
    return f"The same {slice_of_q(shift)}: a network trained on {of_each[0]} does {words} one trained on {of_each[1]}"


def trained(shift: str, name: str) -> str:
    """A reconstruction in words for a reader who does not know *supervised*: "trained on knees (P)"."""
    return worded(shift, PLAIN.get(name, name))


def gaps_chart(means: Mapping[tuple[str, str], Interval], gaps: Gaps, kind: str) -> altair.LayerChart:
    """SSIM on Q, from training on P to training on Q, one line per shift, the largest gap first.

    Args:
        means: mean scores by (shift, side trained on).
        gaps: paired differences by shift.
        kind: "simulated" or "measured".
    """
    rows = [
        step(
            f"{_name(shift)}\n{from_to(shift)}",
            {words: means[shift, side].value for side, words in TRAINED.items()},
            gaps[shift],
        )
        for shift in sorted(gaps, key=lambda shift: -gaps[shift].value)
    ]
    size = next(iter(gaps.values())).n
    title = f"Training on other images costs quality under {len(_opened(gaps))} of {len(gaps)} shifts"
    title += f" ({kind} data, n = {size} each)"
    alt = f"{title}: {steps_in_numbers(rows)}"
    colors = dict(zip(TRAINED.values(), (NAMED["P"], NAMED["Q"]), strict=True))
    axes: dict[str, Any] = {"x_title": "mean SSIM on the test slices of Q", "beside": "gap [95 % interval]"}
    return dumbbell_chart(rows, **axes, alt=alt, title=title, colors=colors, row_height=48)


def intensities_chart(rows: Sequence[Mapping[str, Any]], shift: str, slices: str) -> altair.LayerChart:
    """Histograms of the intensities of P and Q, each named at its peak.

    Args:
        rows: see `intensities.histogram_rows`; `distribution` is P or Q.
        shift: the pair P, Q.
        slices: number and kind of slices in words.
    """
    peaks = {side: max(_of(rows, side), key=lambda row: row["density"]) for side in SIDES}
    near = {side: f"{peak['intensity']:.2g}" for side, peak in peaks.items()}
    title = f"The histogram of {side_word(shift, 'P')} peaks at {near['P']} times the mean of the slice, "
    title += f"that of {side_word(shift, 'Q')} at {near['Q']} ({slices})"
    top = altair.Scale(domainMax=ROOM * max(peak["density"] for peak in peaks.values()))
    x = altair.X("intensity:Q", title="intensity / mean intensity of the slice", axis=altair.Axis(tickCount=7))
    y = altair.Y("density:Q", title="density", axis=altair.Axis(tickCount=5), scale=top)
    first = min(peaks, key=lambda side: peaks[side]["intensity"])
    layers = []
    for side, peak in peaks.items():
        area = altair.Chart(data(_of(rows, side))).encode(x=x, y=y)
        layers.append(area.mark_area(color=NAMED[side], opacity=0.25, line={"color": NAMED[side], "strokeWidth": 2.5}))
        word = altair.Chart(data([dict(peak) | {"word": side_name(shift, side)}])).encode(x=x, y=y, text="word:N")
        style: dict[str, Any] = {"align": "right", "dx": -BESIDE} if side == first else {"align": "left", "dx": BESIDE}
        layers.append(word.mark_text(**style, color=NAMED[side], fontWeight="bold"))
    return finished(altair.layer(*layers), title, title).properties(width=WIDTH, height=HEIGHT)


def findings(gaps: Gaps) -> Markdown:
    """The sentences of `in_words` as a list."""
    return bullets(in_words(gaps))


def _of(rows: Sequence[Mapping[str, Any]], side: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row["distribution"] == side]


def in_words(gaps: Gaps) -> list[str]:
    """Where training on Q scores higher, where no gap can be detected, and paper A's gaps; lines of Markdown."""
    opened = _opened(gaps)
    others = [shift for shift in gaps if shift not in opened]
    told = [
        f"**{words}:** {'; '.join(f'{_name(one)} {measured(gaps[one], signed=True)}' for one in shifts)}."
        for words, shifts in (
            ("A gap on *Q*", opened),
            ("No gap distinguishable from zero, or a negative gap", others),
        )
        if shifts
    ]
    printed = "; ".join(f"{_name(shift)} {number(paper_a('unet', shift)['gap before'], signed=True)}" for shift in gaps)
    return [*told, f"**Paper A's gaps,** from measured data: {printed}."]


def _opened(gaps: Gaps) -> Sequence[str]:
    return [shift for shift, gap in gaps.items() if gap.low > 0]


def _name(shift: str) -> str:
    return shift.replace("_", " ")
