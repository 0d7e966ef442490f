"""The gaps of the shifts as one chart and in sentences."""

from collections.abc import Mapping, Sequence

import altair

from mrilib.figures.dumbbells import dumbbell_chart, step, steps_in_numbers
from mrilib.figures.sentences import measured, number
from mrilib.gap import Interval
from mrilib.paper_a.published import paper_a

SIDES = {"P": "trained on P", "Q": "trained on Q"}
Gaps = Mapping[str, Interval]


def gaps_chart(means: Mapping[tuple[str, str], Interval], gaps: Gaps, kind: str) -> altair.LayerChart:
    """SSIM on Q, from training on P to training on Q, one line per shift, the largest gap first.

    Args:
        means: mean scores by (shift, side trained on).
        gaps: paired differences by shift.
        kind: "simulated" or "measured".
    """
    rows = [
        step(_name(shift), {words: means[shift, side].value for side, words in SIDES.items()}, gaps[shift])
        for shift in sorted(gaps, key=lambda shift: -gaps[shift].value)
    ]
    size = next(iter(gaps.values())).n
    title = f"Training on P costs quality on Q under {len(_opened(gaps))} of {len(gaps)} shifts"
    title += f" ({kind} data, n = {size} each)"
    alt = f"{title}: {steps_in_numbers(rows)}"
    return dumbbell_chart(rows, x_title="mean SSIM on Q", alt=alt, title=title, beside="gap [95 % interval]")


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
