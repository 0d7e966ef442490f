"""Charts and tables of stopping rules and of the ablation of test-time training."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.direct import labelled_chart
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import number
from mrilib.gap import Interval, performance_gap
from mrilib.paper_a.early_stopping_and_ablation.ablation import PLUNGE, at_iterations, mean_curves, outcome
from mrilib.paper_a.early_stopping_and_ablation.rules import WORDS, Rule, rule_row
from mrilib.store.tables import Row
from mrilib.ttt import History

SHORT = 5  # a window that is too short
RULES = {"rule": "rule", "window": "w", "score": "SSIM on Q", "loss": "loss", "iteration": "median iteration"}
OUTCOMES = {
    "name": "loss, target, network",
    "phase": "phase error before TTT (rad)",
    "before": "SSIM before TTT",
    "worst": "lowest SSIM",
    "after": "SSIM after TTT",
}


def ends_in_words(history: History, stop: int, kind: str) -> str:
    """True SSIM of the image that is returned and after the last iteration, as the title of a chart; `kind` of data."""
    near, last = min(history.score, key=lambda n: abs(n - stop)), max(history.score)
    kept = f"Early stopping returns an image with an SSIM of {history.score[near]:.3f}"
    return f"{kept}; after {last} iterations, it is {history.score[last]:.3f} (one {kind} slice)"


def during(
    rows: Mapping[str, Row], curve: str, y_title: str, where: str, alt: str, message: str = ""
) -> altair.LayerChart:
    """Chart one curve of each named row over the iterations: the mean over slices with its 95 % band.

    Args:
        rows: stored rows by method.
        curve: "ssim", "phase_error" or "validation_error".
        where: description of the data, for the title.
        message: what the chart shows, for the title; if empty, what is drawn.
    """
    return labelled_chart(
        mean_curves(rows, curve),
        "iteration",
        "value",
        "method",
        band=("low", "high"),
        x_title="TTT iteration",
        y_title=y_title,
        title=f"{message or f'{y_title} during TTT'} ({where})",
        alt=alt,
    )


def windows_chart(
    histories: Sequence[History], rules: Sequence[Rule], windows: Sequence[int], where: str
) -> altair.LayerChart:
    """Chart SSIM at each rule's stopping point against its window, titled with what the extreme windows lose."""
    scores = {rule: [rule_row(histories, rule, window)["score"].value for window in windows] for rule in rules}
    points = [
        {"rule": WORDS[rule], "w": window, "SSIM": score}
        for rule, curve in scores.items()
        for window, score in zip(windows, curve, strict=True)
    ]
    (_, short), (rule, long) = (_most_lost(scores, end) for end in (0, -1))
    told = f"A window of {windows[0]} costs up to {number(short)} in SSIM, one of {windows[-1]} up to {number(long)}"
    title = f"{told} (“{WORDS[rule]}”; {where})"
    return labelled_chart(
        points,
        "w",
        "SSIM",
        "rule",
        x_title="window w (iterations, log scale)",
        y_title="SSIM at the stopping point",
        title=title,
        alt=title,
        log_x=True,
    )


def _most_lost(scores: Mapping[Rule, Sequence[float]], end: int) -> tuple[Rule, float]:
    """The rule that loses most at one end of the windows relative to its own best window, and how much."""
    lost = {rule: max(curve) - curve[end] for rule, curve in scores.items()}
    return max(lost.items(), key=lambda item: item[1])


def rules_table(judged: Sequence[Mapping[str, Any]], caption: str) -> Table:
    """Table of `rules.rule_row` results with their intervals."""
    shown = [
        {
            **line,
            "rule": WORDS[line["rule"]],
            "score": vars(line["score"]),
            "loss": vars(line["loss"]),
            "iteration": f"{line['iteration']:g}",
        }
        for line in judged
    ]
    return table(shown, RULES, caption=caption)


def outcome_table(rows: Mapping[str, Row], caption: str) -> Table:
    """Table of phase error and SSIM before, during and after TTT, one line per row; see `ablation.outcome`."""
    lines = [{"name": name} | {key: vars(value) for key, value in outcome(row).items()} for name, row in rows.items()]
    return table(lines, OUTCOMES, caption=caption)


def record_outcomes(rows: Mapping[str, Row]) -> None:
    """Write `before_…`, `worst_…`, `dip_…`, `after_…`, `phase_…` and the change up to iteration `PLUNGE`."""
    for label, row in rows.items():
        for key, value in outcome(row).items():
            record_interval(f"{key}_{label}", value)
        starts, ends = at_iterations(row, 0, PLUNGE)
        record_interval(f"change_in_{PLUNGE}_{label}", performance_gap(ends, starts))


def stopping_findings(answers: Mapping[str, Interval], window: int, last: int, short: Interval) -> Markdown:
    """What the stopping rules showed, in sentences with their numbers.

    Args:
        answers: results by their names in `results.json`.
        window, last: window of the rule, and the last iteration.
        short: loss to the oracle with a window of `SHORT`.
    """
    return Markdown(
        f"- **The self-validation error as a guide.** Its rank correlation with the true SSIM over the "
        f"iterations is {answers['rank_correlation_validation_ssim']}; −1 would be perfect.\n"
        f"- **What stopping costs and gains.** With a window of {window} the rule loses "
        f"{answers['loss_to_oracle']} in SSIM relative to the best iteration; running on to iteration {last} loses "
        f"a further {answers['gain_of_early_stopping']}.\n"
        f"- **The window.** A window of {SHORT}, which may mistake noise in the error for a rise, loses {short}."
    )


def phase_findings(answers: Mapping[str, Interval], rows: Mapping[str, Row], unrolled: Mapping[str, Row]) -> Markdown:
    """What the ablation showed, in sentences with its numbers.

    Args:
        answers: results by their names in `results.json`.
        rows: stored rows "supervised", "joint", "aligned" and "turned".
        unrolled: stored rows of the VarNets, if there are any.
    """
    found = {name: outcome(row) for name, row in rows.items()}
    alone, joint, aligned, turned = (found[name] for name in ("supervised", "joint", "aligned", "turned"))
    lines = [
        f"- **Figure 8.** The SSIM of the supervised-only network starts at {alone['before'].value:.3f}, falls to "
        f"{alone['worst'].value:.3f} and is {alone['after'].value:.3f} after TTT. "
        f"That of the joint network never falls below {joint['worst'].value:.3f} and ends at "
        f"{joint['after'].value:.3f}.",
        f"- **The phase.** The phase of the supervised-only network's output is wrong by "
        f"{alone['phase'].value:.2f} rad; a random phase would be wrong by 1.57 rad. Rotating the output by "
        f"*one angle per slice* reduces the fall by {answers['dip_removed_by_aligning']}, and the lead of joint "
        f"training after TTT shrinks to {answers['joint_minus_aligned_after']}.",
        f"- **The reverse.** With its output rotated by half a turn, the joint network falls to an SSIM of "
        f"{turned['worst'].value:.3f}; the aligned supervised-only network never falls below "
        f"{aligned['worst'].value:.3f}.",
    ]
    kept = {name: outcome(row) for name, row in unrolled.items()}
    told = "; ".join(
        f"{name}: phase error {one['phase'].value:.2f} rad, lowest SSIM {one['worst'].value:.3f}, "
        f"SSIM after TTT {one['after'].value:.3f}"
        for name, one in kept.items()
    )
    lines += [f"- **Networks that keep the phase.** {told}."] if told else []
    return Markdown("\n".join(lines))
