"""Report of a contest: chosen rates, times, curves, and the gap closed by each adaptation, beside the paper's."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.direct import labelled_chart
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import interval_row, record_fraction, record_interval
from mrilib.figures.sentences import bullets, measured, number
from mrilib.figures.theme import NAMED
from mrilib.gap import FractionClosed, Interval, fraction_closed, mean_interval, performance_gap
from mrilib.paper_a.slips import PRINTED, PrintedGap
from mrilib.paper_a.zero_shot_and_untrained.contest import Contest, spread
from mrilib.store.tables import Row

Scores = Mapping[str, Sequence[float]]
TRAINED, ZERO_SHOT, UNTRAINED = "trained network + TTT", "ZS-SSL", "network without training"
ALONE = "trained network, not adapted"
# Colour of each kind of method: that of its first method from P, and grey for what is not adapted.
KINDS = {
    TRAINED: NAMED["joint on P + TTT"],
    ZERO_SHOT: NAMED["ZS-SSL from P"],
    UNTRAINED: NAMED["un-trained network"],
    ALONE: NAMED["zero-filled"],
}

LEADER, LEVEL = "joint on P + TTT", 0.0005  # a fall below LEVEL is none
WORDS = {
    "supervised on Q": "trained on Q, for reference",
    "supervised on P": "trained on P, not adapted",
    LEADER: "trained on P, then TTT",
    "joint on Q + TTT": "trained on Q, then TTT",
    "supervised on P + TTT": "supervised-only on P, then TTT",
    "ZS-SSL from P": "trained on P, then ZS-SSL",
    "ZS-SSL from Q": "trained on Q, then ZS-SSL",
    "ConvDecoder": "un-trained ConvDecoder",
}
STARTS = {
    LEADER: "joint training",
    "supervised on P + TTT": "supervised-only training",
    "un-trained network": "random weights",
}


def in_words(name: str) -> str:
    """A method in words; its own name where it is never drawn."""
    return WORDS.get(name, name)


def ranking(scores: Scores, drawn: Sequence[str], where: str) -> altair.LayerChart:
    """Mean SSIM of the methods `drawn`, best first, in the colour of their kind (`KINDS`); `where` is for the title."""
    rows = [{"name": in_words(name), "series": kind_of(name), **vars(mean_interval(scores[name]))} for name in drawn]
    rows.sort(key=lambda row: -row["value"])
    best = max(row["value"] for row in rows if row["series"] == UNTRAINED)
    behind = mean_interval(scores[LEADER]).value - best
    near = f"comes within {number(behind)} of" if behind > 0 else "does as well as"
    title = f"Without any training set, a network {near} test-time training ({where})"
    x_title = f"SSIM on Q (mean and 95 % interval, n = {len(scores[drawn[0]])})"
    told = ", ".join(f"{row['name']} {number(row['value'])}" for row in rows)
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {told}", title=title, zero=False)


def _by_kind(rows: Sequence[Mapping[str, Any]], **look: Any) -> altair.LayerChart:
    """Rows in the colours of their kinds, without a legend: their names say the kind."""
    return dots_chart(rows, colors=KINDS, legend=False, **look)


def kind_of(name: str) -> str:
    """Kind of a method, one of KINDS."""
    if name.startswith("ZS-SSL"):
        return ZERO_SHOT
    if name.endswith("TTT"):
        return TRAINED
    return ALONE if " on " in name else UNTRAINED


def seen_q(name: str) -> bool:
    """Whether a method's network was trained on Q."""
    return bool(re.search(r"(on|from) Q", name))


def leads_chart(scores: Scores, leader: str, others: Sequence[str], kind: str) -> altair.LayerChart:
    """Lead of one method over others, paired by slice, the smallest first."""
    rows = [
        {"name": in_words(name), "series": kind_of(name), **vars(performance_gap(scores[leader], scores[name]))}
        for name in others
    ]
    rows.sort(key=lambda row: row["value"])
    clear = sum(row["low"] > 0 for row in rows)
    title = f"{_short(leader).capitalize()} is clearly ahead of {clear} of {len(rows)} alternatives ({kind} data)"
    x_title = f"lead in SSIM on the same slices (95 % interval, n = {len(scores[leader])})"
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title)


def _short(name: str) -> str:
    return {LEADER: "test-time training", "ZS-SSL from P": "ZS-SSL"}.get(name, name)


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
        rows.append({"method": name} | scores | {"chosen": f"{contest.rate(name):g}"})
    return table(rows, [*rows[0]], caption=caption)


def cost_table(contest: Contest, caption: str) -> Table:
    """Seconds and iterations per test slice, median and range, and where they were measured; one row per method."""
    rows = []
    for name in contest.methods:
        row = contest.on_test(name)
        seconds, steps = spread(row["seconds"]), spread(row["iterations"], 0)
        rows.append({"method": name, "seconds": seconds, "steps": steps, "machine": row["machine"]})
    columns = {"method": "", "seconds": "seconds per slice", "steps": "iterations", "machine": "measured on"}
    return table(rows, columns, caption=caption)


def time_ratio(contest: Contest, slow: str, fast: str) -> Interval:
    """Ratio of the seconds of one method to those of another, averaged over the test slices."""
    pairs = zip(contest.on_test(slow)["seconds"], contest.on_test(fast)["seconds"], strict=True)
    return mean_interval([one / other for one, other in pairs])


def times_chart(contest: Contest, slow: str, fast: str, kind: str) -> altair.LayerChart:
    """Stored seconds per slice of every method that adapts to the slice without training on Q, the fastest first."""
    drawn = [name for name in contest.methods if not seen_q(name)]
    seconds = {name: mean_interval(contest.on_test(name)["seconds"]) for name in drawn}
    rows = [{"name": in_words(name), "series": kind_of(name), **vars(one)} for name, one in seconds.items()]
    rows.sort(key=lambda row: row["value"])
    ratio = number(time_ratio(contest, slow, fast).value, 1)
    title = f"{_short(slow)} takes {ratio} times as long as {_short(fast)} ({kind} data)"
    x_title = f"seconds per slice, one thread (mean and 95 % interval, n = {seconds[slow].n})"
    told = ", ".join(f"{row['name']} {number(row['value'], 0)} s" for row in rows)
    return _by_kind(rows, x_title=x_title, alt=f"{title}: {told}", title=title, zero=False, digits=0)


def starts_chart(curves: Mapping[str, Row], kind: str) -> altair.LayerChart:
    """Mean SSIM over the iterations from every start, titled with the deepest fall below the start."""
    deep = {name: -fall.value for name, fall in falls(curves).items()}
    deepest = max(deep, key=deep.__getitem__)
    never = [STARTS.get(name, name) for name, fall in deep.items() if fall < LEVEL]
    told = f"From {STARTS.get(deepest, deepest)}, SSIM first falls by {number(deep[deepest])}"
    told = told if deep[deepest] >= LEVEL else "SSIM never falls below its initial value"
    rest = f"; from {' or '.join(never)}, it stays above its start" if never and deep[deepest] >= LEVEL else ""
    return _curves_chart(curves, f"{told}{rest} ({kind} data)")


def ends_chart(curves: Mapping[str, Row], kind: str) -> altair.LayerChart:
    """Mean SSIM over the iterations of every method, titled with where they end."""
    ends = [mean_interval([ssim[-1] for ssim in curve["ssim"]]).value for curve in curves.values()]
    low, high = (number(pick(ends), 2) for pick in (min, max))
    told = low if low == high else f"{low} to {high}"
    return _curves_chart(curves, f"Un-trained networks end at an SSIM of {told} ({kind} data)")


def _curves_chart(curves: Mapping[str, Row], title: str) -> altair.LayerChart:
    count = len(next(iter(curves.values()))["ssim"])
    axes: dict[str, Any] = {"x_title": "iteration + 1 (log scale)", "y_title": f"SSIM, mean of {count} slices of Q"}
    alt = f"{title}. SSIM against iterations"
    points = [row | {"method": in_words(row["method"])} for row in curve_points(curves)]
    return labelled_chart(points, "step", "value", "method", **axes, alt=alt, title=title, log_x=True)


def curve_points(curves: Mapping[str, Row]) -> list[dict[str, Any]]:
    """Rows for `labelled_chart`: `step` counted from 1, `method`, and the mean over slices with its interval."""
    return [
        {"step": iteration + 1, "method": name} | vars(mean_interval(scores))
        for name, curve in curves.items()
        for iteration, scores in zip(curve["iterations"], zip(*curve["ssim"], strict=True), strict=True)
    ]


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
        rows.append(interval_row(name, lead, None) | {"fall": vars(fall[name]) if name in fall else None})
    for name, interval in fall.items():
        record_interval(f"fall_{result_key(name)}", interval)
    n = len(scores[leader])
    columns = {"method": "", "ours": f"lead of {leader} (n = {n})", "fall": "deepest fall below the initial value"}
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
        """Fraction of the way from P to Q without adaptation that the network of P covers by adaptation."""
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
        rows = [interval_row(name, mean_interval(self.scores[name]), paper) for name, paper in means]
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
    """What the contest showed, in sentences with their numbers.

    Args:
        scores: SSIM of each test slice by method.
        ways: "ttt" and "zs".
        ratio: time of ZS-SSL over that of TTT.
        fall: see `falls`; of `count` curves.
    """
    others = [name for name in ("ConvDecoder", "un-trained network", "ZS-SSL from P") if name in scores]
    leads = [f"{name} {measured(performance_gap(scores[LEADER], scores[name]))}" for name in others]
    return bullets(
        [
            f"**Scores.** TTT of the network trained on *P* reaches an SSIM of "
            f"{measured(mean_interval(scores[LEADER]))}. "
            f"Its lead over the other methods: {'; '.join(leads)}.",
            f"**Cost and gap.** ZS-SSL takes {measured(ratio, 1)} times as long as TTT. TTT closes "
            f"{ways['ttt'].closed} of a gap of {number(ways['ttt'].before.value)}; ZS-SSL closes "
            f"{ways['zs'].closed} of a gap of {number(ways['zs'].before.value)}, the gap of its own network.",
            "**An un-trained network in disguise?** The deepest fall in SSIM below its initial value, over "
            f"{count} curves: " + "; ".join(f"{name} {number(one.value)}" for name, one in fall.items()) + ".",
        ]
    )
