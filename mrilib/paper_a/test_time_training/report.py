"""What notebook 04 shows of all shifts and both networks: the gaps as a chart, and the findings in sentences."""

from collections.abc import Sequence

from IPython.display import Markdown

from mrilib.figures.plot import Figure, interval_chart
from mrilib.gap import Interval, mean_interval
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.shift_result import ShiftResult
from mrilib.paper_a.table_2 import BLOCKS, NAMES, Block, of_trainings, stored_block
from mrilib.ttt import Settings

WIDE = 0.05  # SSIM; a gap that the eye sees
MOST = 0.5  # of a gap
LOST = 0.05  # SSIM; what running to the end costs where stopping is necessary


def stored_blocks(experiment: Experiment, settings: Settings, slices: int) -> list[Block]:
    """Blocks of paper A's Tables 1 and 2 that are stored for this number of test slices, or of several trainings."""
    found = [
        stored_block(*one, experiment=experiment, settings=settings, slices=slices)
        for one in BLOCKS
        if one[1] != "adversarially_filtered"  # no gap to close, in paper A neither
    ]
    return [of_trainings(block, True, experiment, settings) for block in found if block is not None]


def named(result: ShiftResult) -> str:
    """A network and a shift, such as "U-Net, anatomy"."""
    return f"{NAMES[result.model]}, {result.shift.replace('_', ' ')}"


def gaps_chart(found: Sequence[Block], kind: str) -> Figure | Markdown:
    """The gap before and after test-time training under every shift; a sentence if nothing is stored."""
    if not found:
        return Markdown("*Nothing is stored for this number of test slices; the results below show the figure.*")
    rows = [
        {"block": named(block.result), "gap": when} | vars(gap)
        for block in found
        for when, gap in (("gap before TTT", block.result.before), ("gap after TTT", block.result.after))
    ]
    alt = f"Gaps before and after test-time training, {kind} data: {found[0].result.before} before in the first block"
    title = f"{_outcome(found)} ({kind} data; {_samples(found)})"
    words = {"x_title": "network and shift", "y_title": "gap on Q (SSIM, 95 % interval)"}
    return interval_chart(rows, "block", "value", "gap", title=title, alt=alt, **words)


def _outcome(found: Sequence[Block]) -> str:
    """The figure's message, if the whole interval of every wide gap's fraction bears it out."""
    wide = [block.result.closed.interval for block in found if block.result.before.value > WIDE]
    if wide and all(closed is not None and closed.low > MOST for closed in wide):
        return "TTT closes more than half of every wide gap"
    return "The gap on Q before and after TTT"


def findings(found: Sequence[Block], kind: str) -> Markdown:
    """The findings of all blocks in sentences, each with the numbers of the blocks it is about."""
    results = [block.result for block in found]
    parts = [_closed(results, wide=True), _closed(results, wide=False), _undefined(results)]
    parts += [_stopping(results), _supervised(results)]
    counted = f"*{kind.capitalize()} data; {_samples(found)}.*"
    return Markdown("\n".join([*(f"- {part}" for part in parts if part), "", counted]))


def _samples(found: Sequence[Block]) -> str:
    samples = {(block.result.before.trainings, block.result.before.n) for block in found}
    return f"trainings × test slices: {' or '.join(f'{trainings} × {n}' for trainings, n in sorted(samples))}"


def _closed(results: Sequence[ShiftResult], wide: bool) -> str:
    parts = [
        f"{named(one)}: {_plain(one.before)} → {_plain(one.after)}, {one.closed.interval.value:.0%} closed"
        for one in results
        if one.closed.interval and (one.before.value > WIDE) is wide
    ]
    words = "Wide gaps" if wide else "Narrow gaps"
    return f"**{words}.** {'; '.join(parts)}." if parts else ""


def _plain(found: Interval) -> str:
    return f"{round(found.value, 3) + 0.0:.3f}"  # no negative zero


def _undefined(results: Sequence[ShiftResult]) -> str:
    parts = [f"{named(one)} (gap before {one.before})" for one in results if not one.closed.interval]
    return f"**Where there is hardly a gap, no fraction can be given.** {'; '.join(parts)}." if parts else ""


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
