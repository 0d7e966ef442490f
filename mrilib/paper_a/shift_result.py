"""Comparison of results with the paper: its numbers, table rows, the gap in all its forms, and times per slice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

import altair
import numpy as np

from mrilib.data.sources import Source, in_a_word
from mrilib.figures.charts import data, tooltip
from mrilib.figures.plot import Table, gap_chart, table
from mrilib.figures.rows import interval_row, record_fraction, record_interval
from mrilib.figures.sentences import percent
from mrilib.figures.theme import hues, ordered
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.paper_a.experiment import side_title
from mrilib.paper_a.published import paper_a
from mrilib.paper_a.side_words import side_name, worded
from mrilib.train.adaptation import Adapted


def seconds_per_slice(adapted: Mapping[str, Sequence[Adapted]]) -> list[dict[str, str]]:
    """Median and range of the time and iterations of test-time training, one row per method (paper A, Table 3)."""
    rows = []
    for name, records in adapted.items():
        seconds = [one.seconds for one in records]
        steps = [len(one.record.history.train_error) for one in records]
        rows.append(
            {
                "method": name,
                "seconds": f"{median(seconds):.1f} [{min(seconds):.1f}, {max(seconds):.1f}]",
                "iterations": f"{median(steps):.0f} [{min(steps)}, {max(steps)}]",
            }
        )
    return rows


STORY = ("supervised on P", "supervised on Q", "joint on P + TTT", "joint on Q + TTT")  # ends of both gaps
BELOW = 11  # CSS pixels from the line of a mean to the points of its trainings
RESULT_KEYS = {
    "supervised on Q": "ssim_supervised_q",
    "supervised on P": "ssim_supervised_p",
    "joint on Q": "ssim_joint_q",
    "joint on P": "ssim_joint_p",
    "joint on Q + TTT": "ssim_joint_q_ttt",
    "joint on P + TTT": "ssim_joint_p_ttt",
    "supervised on P + TTT": "ssim_supervised_p_ttt",
    "joint on P + TTT, no early stopping": "ssim_joint_p_ttt_last",
}


@dataclass(frozen=True)
class ShiftResult:
    """Scores of every training scheme on the same test slices of Q, and the gaps that follow from them.

    `scores` are (slices,) for one training run, or (trainings, slices), see `gap`. If only one of several training runs
    continued without early stopping, `stopped` are its scores of joint training on P with TTT.
    """

    model: str
    shift: str
    source: Source
    scores: Mapping[str, Sequence[Any]]
    stopped: Sequence[Any] | None = None

    @property
    def before(self) -> Interval:
        """Gap without self-supervision and without TTT."""
        return performance_gap(self.scores["supervised on Q"], self.scores["supervised on P"])

    @property
    def after(self) -> Interval:
        """Gap with joint training and TTT."""
        return performance_gap(self.scores["joint on Q + TTT"], self.scores["joint on P + TTT"])

    @property
    def closed(self) -> FractionClosed:
        """Fraction of the gap that is closed."""
        s = self.scores
        return fraction_closed(s["supervised on Q"], s["supervised on P"], s["joint on Q + TTT"], s["joint on P + TTT"])

    @property
    def reached(self) -> FractionClosed:
        """Fraction of the gap between supervised P and supervised Q that joint training on P with TTT closes.

        Unlike the fraction closed, it does not rise if the network trained on Q gets worse.
        """
        s = self.scores
        return fraction_closed(s["supervised on Q"], s["supervised on P"], s["supervised on Q"], s["joint on P + TTT"])

    @property
    def gain_of_early_stopping(self) -> Interval:
        """SSIM with early stopping minus SSIM of the last iterate, for joint training on P."""
        return performance_gap(*self.with_and_without_stopping)

    @property
    def with_and_without_stopping(self) -> tuple[Sequence[Any], Sequence[Any]]:
        """Scores of joint training on P with TTT at its stop and at its last iterate, on the same runs and slices."""
        stopped = self.scores["joint on P + TTT"] if self.stopped is None else self.stopped
        return stopped, self.scores["joint on P + TTT, no early stopping"]

    @property
    def lift(self) -> Interval:
        """What TTT adds to the network trained on P without self-supervision."""
        return performance_gap(self.scores["supervised on P + TTT"], self.scores["supervised on P"])

    @property
    def lead(self) -> Interval:
        """Lead of joint training on P with TTT over supervised training on P with TTT."""
        return performance_gap(self.scores["joint on P + TTT"], self.scores["supervised on P + TTT"])

    @property
    def sample(self) -> str:
        """Sample behind the numbers: `24 slices`, or `5 training runs × 24 slices`."""
        slices, trainings = self.before.n, self.before.trainings
        of_slices = f"{slices} slice{'s' * (slices > 1)}"
        return of_slices if trainings == 1 else f"{trainings} training runs × {of_slices}"

    @property
    def means(self) -> dict[str, Interval]:
        """Mean SSIM of each scheme."""
        return {name: mean_interval(values) for name, values in self.scores.items()}

    @property
    def label(self) -> str:
        """Shift and kind of data in words."""
        return f"{self.shift.replace('_', ' ').capitalize()} shift ({in_a_word(self.source)} data)"

    def table(self) -> Table:
        """Table of every scheme and both gaps, beside the paper's numbers."""
        paper = paper_a(self.model, self.shift)
        named = self.means | {"gap before": self.before, "gap after": self.after}
        rows = [interval_row(name, interval, paper.get(name)) for name, interval in named.items()]
        columns = {"method": "", "ours": f"SSIM on Q, {self.sample}", "paper": "paper A (fastMRI)"}
        sides = f"P: {side_title(self.shift, 'P')}, Q: {side_title(self.shift, 'Q')}"
        return table(rows, columns, caption=f"{self.label}. {sides}")

    def chart(self, names: Sequence[str] | None = None) -> altair.LayerChart:
        """Chart of the means with intervals as dots, and of the two gaps as brackets; only their ends have colours.

        `names` are the schemes that are drawn, with those of STORY among them; all if None.
        """
        drawn = list(self.scores) if names is None else list(names)
        rows = [{"method": worded(self.shift, name)} | vars(self.means[name]) for name in drawn]
        p, q, p_ttt, q_ttt = (worded(self.shift, name) for name in STORY)
        outcome = (
            f"TTT closes {percent(self.closed.interval)} of the gap" if self.closed.interval else "No gap to close"
        )
        several = f", {self.sample}" if self.before.trainings > 1 else ""
        where = f"{self.shift.replace('_', ' ')} shift, {in_a_word(self.source)} data{several}"
        chart = gap_chart(
            rows,
            gaps={
                "gap before": (p, q),
                "gap after": (p_ttt, q_ttt),
            },
            title=f"{outcome} ({where})",
            x_title=f"SSIM on {side_name(self.shift, 'Q')}",
            emphasised=(p, q, p_ttt, q_ttt),
            alt=f"{self.label}: mean SSIM of each scheme; gap before {self.before}, gap after {self.after}",
        )
        if self.before.trainings > 1:
            chart.layer = [self._points(drawn), *chart.layer]  # behind the means
        return chart

    def _points(self, drawn: Sequence[str]) -> altair.Chart:
        """Layer with the mean of every training run as a small, faint point below its line."""
        rows = [
            {"method": worded(self.shift, name), "training": f"training {number}", "value": float(mean)}
            for name in drawn
            for number, mean in enumerate(np.mean(np.atleast_2d(self.scores[name]), 1), 1)
        ]
        names = ordered(worded(self.shift, name) for name in drawn)
        story = [worded(self.shift, name) for name in STORY]
        color = altair.Color("method:N", scale=hues(names, story), legend=None)
        base = altair.Chart(data(rows)).mark_point(size=30, opacity=0.6, filled=True, yOffset=BELOW)
        return base.encode(x="value:Q", y="method:N", color=color, tooltip=tooltip("training", "value"))

    def record(self) -> None:
        """Write everything to `results.json`; for an undefined fraction, the reason is recorded."""
        for name, interval in self.means.items():
            record_interval(RESULT_KEYS[name], interval)
        record_interval("gap_before", self.before)
        record_interval("gap_after", self.after)
        record_interval("gain_of_early_stopping", self.gain_of_early_stopping)
        record_fraction("fraction_closed", self.closed)
        record_fraction("fraction_reached", self.reached)

    def summary(self) -> str:
        """Summary of the outcome in a few lines."""
        verdict = "" if self.before.low > 0 else " (not distinguishable from 0)"
        paper = paper_a(self.model, self.shift).get("closed", "no number")
        return (
            f"{self.label}, {self.sample}\n"
            f"gap before               {self.before}{verdict}\n"
            f"gap after                {self.after}\n"
            f"fraction closed          {self.closed}   (paper A: {paper})\n"
            f"gain of early stopping   {self.gain_of_early_stopping}\n"
            f"TTT gain, supervised P   {self.lift}"
        )
