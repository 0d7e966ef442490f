"""What notebook 04 shows of all shifts and both networks: the gaps as a chart, and the findings in sentences."""

from collections.abc import Sequence
from typing import Any

from IPython.display import Markdown

from mrilib.figures.dumbbells import dumbbell_chart, steps_in_numbers
from mrilib.figures.plot import Figure, Table, table
from mrilib.figures.sentences import number, percent
from mrilib.gap import Interval, mean_interval
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.side_words import from_to
from mrilib.paper_a.table_2 import BLOCKS, NAMES, Block, of_trainings, stored_block
from mrilib.ttt import History, Settings

LITTLE = 0.005  # SSIM; a cost below which a share of it says nothing
WIDE = 0.05  # SSIM; a gap that the eye sees
MOST = 0.5  # of a gap
MEANT = (
    "(*Closed* also counts what TTT costs the network trained on Q; *reached* uses that network's score without TTT.)"
)
LOST = 0.05  # SSIM; what running to the end costs where stopping is necessary


def stored_blocks(experiment: Experiment, settings: Settings, slices: int) -> list[Block]:
    """Blocks of paper A's Tables 1 and 2 stored for this number of test slices or for several training runs."""
    found = [
        stored_block(*one, experiment=experiment, settings=settings, slices=slices)
        for one in BLOCKS
        if one[1] != "adversarially_filtered"  # no gap to close, in paper A neither
    ]
    return [of_trainings(block, True, experiment, settings) for block in found if block is not None]


def named(result: ShiftResult) -> str:
    """A network and a shift, such as "U-Net, anatomy"."""
    return f"{NAMES[result.model]}, {result.shift.replace('_', ' ')}"


def middle_slice(experiment: Experiment, settings: Settings, slices: int) -> int:
    """Slice with the median gain from supervised training on P to joint training on P with TTT, by stored scores.

    If no scores are stored for this number of slices, the first slice is taken.
    """
    model, shift = experiment.architecture["name"], experiment.shift
    block = stored_block(model, shift, experiment=experiment, settings=settings, slices=slices)
    if block is None:
        return 0
    after, before = (block.result.scores[name] for name in ("joint on P + TTT", "supervised on P"))
    gains = [a - b for a, b in zip(after, before, strict=True)]
    return sorted(range(len(gains)), key=gains.__getitem__)[len(gains) // 2]


def example_message(of_p: str, of_this: str, before: float, after: float, of_q: float) -> str:
    """What training on P costs on one slice of Q, and how much of it joint training and TTT recover.

    Args:
        of_p, of_this: what P shows, and a slice of Q, in words.
        before, after, of_q: SSIM with supervised training on P, joint training on P with TTT, and supervised training
            on Q.
    """
    cost, gain = of_q - before, after - before
    if cost < LITTLE:
        return f"On this {of_this}, training on {of_p} costs hardly any SSIM ({number(before)}, {number(of_q)})"
    outcome = f"recover {100 * gain / cost:.0f} % of it" if gain > 0 else f"change SSIM by {number(gain)}"
    lost = f"training on {of_p} costs {number(cost)} in SSIM"
    return f"On this {of_this}, {lost}; joint training and TTT {outcome}"


def gaps_chart(found: Sequence[Block], kind: str) -> Figure | Markdown:
    """The gap before and after test-time training under every shift; a sentence if nothing is stored."""
    if not found:
        return Markdown("*No scores are stored for this number of test slices; see the results of this run below.*")
    rows = [_gap_row(block.result) for block in sorted(found, key=lambda block: -block.result.before.value)]
    title = f"{_outcome(found)} ({kind} data; {_samples(found)})"
    alt, x_title = f"{title}: {steps_in_numbers(rows)}", "gap: SSIM lost by training on other images (P)"
    return dumbbell_chart(rows, x_title=x_title, alt=alt, title=title, beside="share of the gap closed")


def ends_in_words(history: History, returned: int, where: str) -> str:
    """Title with the true SSIM of the returned image and of the last scored one; `where` describes the slice."""
    near, last = min(history.score, key=lambda n: abs(n - returned)), max(history.score)
    kept = f"The returned image has an SSIM of {number(history.score[near])}"
    return f"{kept}; the image after {last} iterations has {number(history.score[last])} ({where})"


def _gap_row(result: ShiftResult) -> dict[str, Any]:
    marks = {"gap before TTT": result.before.value, "gap after TTT": result.after.value}
    closed, reached = result.closed.interval, result.reached.interval
    label, certain = ("no gap to close", False) if closed is None else (percent(closed), closed.low > 0)
    if reached is not None and reached.high < 0:  # a gap also closes if the network trained on Q is ruined, too
        label, certain = f"SSIM falls ({label})", False
    return {"name": f"{named(result)}\n{from_to(result.shift)}", "marks": marks, "label": label, "certain": certain}


def in_short(found: Sequence[Block], kind: str) -> Table:
    """Gaps and the share closed, beside the paper's; one row per block."""
    columns = {
        "block": "",
        "before": "gap before",
        "after": "gap after",
        "closed": "closed",
        "paper": "closed, paper A",
    }
    return table([block.row for block in found], columns, caption=f"SSIM on Q ({kind} data; {_samples(found)})")


def _outcome(found: Sequence[Block]) -> str:
    """The figure's message: for how many wide gaps the intervals of the fractions closed and reached exceed half."""
    wide = [block.result for block in found if block.result.before.value > WIDE]
    shares = [[share.interval for share in (one.closed, one.reached)] for one in wide]
    borne = sum(all(share is not None and share.low > MOST for share in both) for both in shares)
    if not borne:
        return "The gap on Q before and after TTT"
    gaps = "every wide gap" if borne == len(wide) else f"{borne} of {len(wide)} wide gaps"
    return f"TTT closes more than half of {gaps}"


def findings(found: Sequence[Block], kind: str) -> Markdown:
    """Sentences on what the blocks show, each with the numbers of its blocks."""
    results = [block.result for block in found]
    return _told([_closed(results, wide=True), _stopping(results), _supervised(results)], found, kind)


def narrow_findings(found: Sequence[Block], kind: str) -> Markdown:
    """Sentences on the blocks with a narrow gap and on those without a gap."""
    results = [block.result for block in found]
    return _told([_closed(results, wide=False), _undefined(results)], found, kind)


def _told(parts: Sequence[str], found: Sequence[Block], kind: str) -> Markdown:
    counted = f"*{kind.capitalize()} data; {_samples(found)}.*"
    return Markdown("\n".join([*(f"- {part}" for part in parts if part), "", counted]))


def _samples(found: Sequence[Block]) -> str:
    trainings, slices = ({getattr(block.result.before, of) for block in found} for of in ("trainings", "n"))
    return f"{_span(trainings)} training run{'s' * (max(trainings) > 1)} × {_span(slices)} test slices"


def _span(found: set[int]) -> str:
    return str(*found) if len(found) == 1 else f"{min(found)} to {max(found)}"


def _closed(results: Sequence[ShiftResult], wide: bool) -> str:
    parts = [
        f"{named(one)}: {_plain(one.before)} → {_plain(one.after)}, {_share(one.closed.interval)} closed{_reached(one)}"
        for one in results
        if one.closed.interval and (one.before.value > WIDE) is wide
    ]
    words = "Wide gaps" if wide else "Narrow gaps"
    return f"**{words}.** {'; '.join(parts)}. {MEANT}" if parts else ""


def _reached(one: ShiftResult) -> str:
    return f", {_share(one.reached.interval)} reached" if one.reached.interval else ""


def _share(found: Interval) -> str:
    return f"{number(100 * found.value, 0)} %"


def _plain(found: Interval) -> str:
    return f"{round(found.value, 3) + 0.0:.3f}"  # no negative zero


def _undefined(results: Sequence[ShiftResult]) -> str:
    parts = [f"{named(one)} (gap before {one.before})" for one in results if not one.closed.interval]
    return f"**Where there is hardly any gap, no fraction can be given.** {'; '.join(parts)}." if parts else ""


def _stopping(results: Sequence[ShiftResult]) -> str:
    parts = []
    for one in results:
        if one.gain_of_early_stopping.value > LOST:
            stopped, last = (mean_interval(scores).value for scores in one.with_and_without_stopping)
            parts.append(f"{named(one)}: {stopped:.3f} with early stopping, {last:.3f} without")
    return f"**Early stopping is necessary.** {'; '.join(parts)}." if parts else ""


def _supervised(results: Sequence[ShiftResult]) -> str:
    lifts = {
        named(one): (one.means["supervised on P"].value, one.means["supervised on P + TTT"].value) for one in results
    }
    worse = [f"{name}: {before:.3f} → {after:.3f}" for name, (before, after) in lifts.items() if after < before]
    better = f"TTT improves the score in {len(lifts) - len(worse)} of {len(lifts)} cases"
    harmed = f" and lowers it in the others ({'; '.join(worse)})" if worse else ""
    return f"**Starting from a network trained without self-supervision,** {better}{harmed}."
