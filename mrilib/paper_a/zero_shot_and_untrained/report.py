"""Report of a contest: rates, times, falls of curves, and the gap closed by each adaptation, beside the paper's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from IPython.display import Markdown

from mrilib.figures.plot import Table, table
from mrilib.figures.rows import interval_row, record_fraction, record_interval
from mrilib.figures.sentences import bullets, measured, number
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.paper_a.slips import PRINTED, PrintedGap
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest, spread
from mrilib.paper_a.zero_shot_and_untrained.words import LEADER, in_words, short
from mrilib.store.tables import Row

Scores = Mapping[str, Sequence[float]]


def result_key(name: str) -> str:
    """Convert the name of a method to a key of results: `joint on P + TTT` → `joint_p_ttt`."""
    words = re.findall(r"\w+", name.lower())
    return "_".join(word for word in words if word not in ("on", "from"))


def record_scores(scores: Scores) -> None:
    """Write each method's mean SSIM with its interval to `results.json`, as `ssim_…`."""
    for name, values in scores.items():
        record_interval(f"ssim_{result_key(name)}", mean_interval(values))


def rates_table(contest: Contest, caption: str) -> Table:
    """Mean SSIM on validation slices at each learning rate tried, and the chosen one; one row per method."""
    rows = []
    for name in contest.methods:
        tried = contest.on_validation(name)
        scores = {f"{rate:g}": tried.get(rate, "not tried") for rate in contest.rates}
        rows.append({"method": in_words(name)} | scores | {"chosen": f"{contest.rate(name):g}"})
    return table(rows, [*rows[0]], caption=caption)


def cost_table(contest: Contest, caption: str) -> Table:
    """Seconds and iterations per test slice, median and range, and where they were measured; one row per method."""
    rows = []
    for name in contest.methods:
        row = contest.on_test(name)
        seconds, steps = spread(row["seconds"]), spread(row["iterations"], 0)
        rows.append({"method": in_words(name), "seconds": seconds, "steps": steps, "machine": row["machine"]})
    columns = {"method": "", "seconds": "seconds per slice", "steps": "iterations", "machine": "measured on"}
    return table(rows, columns, caption=caption)


def time_ratio(contest: Contest, slow: str, fast: str) -> Interval:
    """Ratio of the seconds of one method to those of another, averaged over the test slices."""
    pairs = zip(contest.on_test(slow)["seconds"], contest.on_test(fast)["seconds"], strict=True)
    return mean_interval([one / other for one, other in pairs])


def falls(curves: Mapping[str, Row]) -> dict[str, Interval]:
    """Minimum SSIM of each curve minus its initial value, averaged over slices; 0 if it never falls below the start."""
    return {name: mean_interval([min(ssim) - ssim[0] for ssim in curve["ssim"]]) for name, curve in curves.items()}


def leads_table(
    scores: Scores, leader: str, others: Sequence[str], fall: Mapping[str, Interval], caption: str
) -> Table:
    """Table of one method's lead over others, paired by slice, and of the largest fall of each curve, both recorded.

    The results are `lead_…` for each of `others`, and `fall_…` for every method with a curve.
    """
    rows = []
    for name in others:
        lead = performance_gap(scores[leader], scores[name])
        record_interval(f"lead_{result_key(name)}", lead)
        rows.append(interval_row(in_words(name), lead, None) | {"fall": vars(fall[name]) if name in fall else None})
    for name, interval in fall.items():
        record_interval(f"fall_{result_key(name)}", interval)
    n = len(scores[leader])
    columns = {
        "method": "",
        "ours": f"lead of {short(leader)} (n = {n})",
        "fall": "deepest fall below the initial value",
    }
    return table(rows, columns, caption=caption)


@dataclass(frozen=True)
class Adaptation:
    """One kind of adaptation, for networks trained on Q and on P: the gap before and after, beside the paper's.

    Args:
        item: item of `slips.PRINTED`.
        names: keys of `scores`: trained on Q and on P without adaptation, then on Q and on P with adaptation.
        scores: SSIM per test slice of Q.
    """

    item: str
    names: tuple[str, str, str, str]
    scores: Scores

    @property
    def before(self) -> Interval:
        """Gap without adaptation."""
        return performance_gap(self.scores[self.names[0]], self.scores[self.names[1]])

    @property
    def after(self) -> Interval:
        """Gap with adaptation."""
        return performance_gap(self.scores[self.names[2]], self.scores[self.names[3]])

    @property
    def closed(self) -> FractionClosed:
        """Fraction of the gap closed by adaptation."""
        before_q, before_p, after_q, after_p = (self.scores[name] for name in self.names)
        return fraction_closed(before_q, before_p, after_q, after_p)

    @property
    def reached(self) -> FractionClosed:
        """Fraction of the gap to the unadapted network of Q that adaptation closes for the network of P."""
        before_q, before_p, _, after_p = (self.scores[name] for name in self.names)
        return fraction_closed(before_q, before_p, before_q, after_p)

    @property
    def printed(self) -> PrintedGap:
        """The paper's numbers."""
        return next(gap for gap in PRINTED if gap.item == self.item)

    def rows(self) -> list[dict[str, Any]]:
        """Four scores, both gaps and the fraction, ours and the paper's."""
        printed = self.printed
        means = zip(self.names, (*printed.before, *printed.after), strict=True)
        rows = [interval_row(in_words(name), mean_interval(self.scores[name]), paper) for name, paper in means]
        rows.append(interval_row("gap before", self.before, printed.before[0] - printed.before[1]))
        rows.append(interval_row("gap after", self.after, printed.recomputed_gap))
        paper = f"{printed.closed:.1f} %; its scores give {printed.recomputed:.1f} %"
        return [*rows, {"method": "closed", "ours": str(self.closed), "paper": paper}]

    def record(self, key: str) -> None:
        """Write `gap_before_…`, `gap_after_…`, `fraction_closed_…` and `fraction_reached_…`, see `ShiftResult`."""
        record_interval(f"gap_before_{key}", self.before)
        record_interval(f"gap_after_{key}", self.after)
        record_fraction(f"fraction_closed_{key}", self.closed)
        record_fraction(f"fraction_reached_{key}", self.reached)


def findings(
    scores: Scores, ways: Mapping[str, "Adaptation"], ratio: Interval, fall: Mapping[str, Interval], count: int
) -> Markdown:
    """Sentences on the results of the contest, with their numbers.

    Args:
        scores: SSIM of each test slice by method.
        ways: "ttt" and "zs".
        ratio: time of zero-shot learning over that of TTT.
        fall: see `falls`; of `count` curves.
    """
    others = [name for name in ("ConvDecoder", "un-trained network", "ZS-SSL from P") if name in scores]
    leads = [f"{short(name)} {measured(performance_gap(scores[LEADER], scores[name]))}" for name in others]
    return bullets(
        [
            f"**Scores.** TTT of the network trained on *P* reaches an SSIM of "
            f"{measured(mean_interval(scores[LEADER]))}. "
            f"Its lead over the other methods: {'; '.join(leads)}.",
            f"**Cost and gap.** Zero-shot learning takes {measured(ratio, 1)} times as long as TTT. TTT closes "
            f"{ways['ttt'].closed} of a gap of {number(ways['ttt'].before.value)}; zero-shot learning closes "
            f"{ways['zs'].closed} of a gap of {number(ways['zs'].before.value)}, the gap of its own network.",
            "**An un-trained network in disguise?** Deepest fall in SSIM below its initial value, "
            f"averaged over {count} slices (the chart shows that of the mean curve): "
            + "; ".join(f"{short(name)} {number(one.value)}" for name, one in fall.items())
            + ".",
        ]
    )
