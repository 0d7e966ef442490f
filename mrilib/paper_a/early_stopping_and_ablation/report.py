"""Charts and tables on stopping rules and on the ablation of test-time training."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.charts import HEIGHT, WIDTH, data, finished, tooltip
from mrilib.figures.direct import labelled_chart
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.history import COLOR
from mrilib.figures.plot import Table, stacked, table
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import number
from mrilib.figures.theme import METHOD_COLORS, PAPER
from mrilib.gap import Interval, performance_gap
from mrilib.paper_a.early_stopping_and_ablation.ablation import (
    PLUNGE,
    at_iterations,
    mean_curves,
    outcome,
    phase_against_dip,
)
from mrilib.paper_a.early_stopping_and_ablation.rules import WORDS, Rule, in_words, rule_row
from mrilib.store.tables import Row
from mrilib.ttt import History

SHORT = 5  # a window that is too short
LITTLE = 0.005  # SSIM; windows that differ by less hardly matter
WINDOWED: tuple[Rule, ...] = ("rises", "rises_last", "best_so_far")  # the number of the others is no window
ALONE = METHOD_COLORS["supervised on P + TTT"]
PANEL = 170  # CSS pixels: height of one of several charts below one another
RULES = {"rule": "rule", "window": "w", "score": "SSIM on Q", "loss": "loss", "iteration": "median iteration"}
OUTCOMES = {
    "name": "loss, target, network",
    "phase": "phase error before TTT (rad)",
    "before": "SSIM before TTT",
    "worst": "lowest SSIM",
    "after": "SSIM after TTT",
}


def losses_chart(judged: Sequence[Mapping[str, Any]], where: str) -> altair.LayerChart:
    """SSIM that each rule loses relative to the best image, smallest loss first; see `rules.rule_row`."""
    lines = sorted(judged, key=lambda line: line["loss"].value)
    rows = [{"name": in_words(line["rule"], line["window"]), **vars(line["loss"])} for line in lines]
    least, most = (number(row["value"]) for row in (rows[0], rows[-1]))
    title = f"“{rows[0]['name']}” loses least, {least} in SSIM; “{rows[-1]['name']}” loses most, {most} ({where})"
    if _window_matters(lines[0], lines[-1]):
        better, worse = (line["window"] for line in (lines[0], lines[-1]))
        lost = f"{least} in SSIM with a window of {better} and {most} with one of {worse}"
        title = f"The window matters: the same rule loses {lost} ({where})"
    x_title = "SSIM lost relative to the best image, mean and 95 % interval"
    return dots_chart(rows, x_title=x_title, title=title, alt=f"{title}: {in_numbers(rows)}", colors={"": COLOR})


def _window_matters(best: Mapping[str, Any], worst: Mapping[str, Any]) -> bool:
    """Whether both are one rule that has a window, and its two windows clearly differ in loss on the same slices."""
    if best["rule"] != worst["rule"] or best["rule"] not in WINDOWED:
        return False
    apart = performance_gap(best["scores"], worst["scores"])
    return apart.low > 0 and apart.value >= LITTLE


def phases_message(alone: float, jointly: float) -> str:
    """Phase errors before TTT of one slice, in radians, by the supervised-only and the jointly trained network."""
    errors = f"{number(jointly, 2)} rad after joint training, {number(alone, 2)} rad after supervised training"
    return f"Joint training gives the phase of the full data: error {errors}" if jointly < alone else errors


def fall_message(scores: Mapping[int, float]) -> str:
    """SSIM of one slice at the first and the last TTT iteration and, in between, where it is lowest."""
    first, *_, last = scores
    low = min(scores, key=scores.__getitem__)
    told = f"SSIM {number(scores[first])} before TTT, {number(scores[low])} at iteration {low}"
    if low in (first, last):
        return told if low == last else "SSIM does not fall below its value before TTT"
    return f"SSIM first falls and then rises: {told}, {number(scores[last])} at iteration {last}"


def fall_chart(rows: Mapping[str, Row], where: str, alt: str) -> altair.VConcatChart:
    """True SSIM, phase error and self-validation error of named rows during TTT, one panel each.

    Args:
        rows: stored rows by method; the title is about the one whose SSIM falls lowest.
        where: description of the data, for the title.
        alt: what the figure shows, for readers who cannot see it.
    """
    lowest = min(mean_curves(rows, "ssim"), key=lambda point: point["value"])
    name, least = lowest["method"], number(lowest["value"], 2)
    title = f"The mean SSIM of “{name}” falls to {least} while TTT corrects the phase ({where})"
    headings = {
        "ssim": "True SSIM",
        "phase_error": "Phase error (rad; π/2 ≈ 1.57 for a random phase)",
        "validation_error": "Self-validation error (1 for a black image)",
    }
    panels = {words: _during(rows, key, words, last=key == [*headings][-1]) for key, words in headings.items()}
    return stacked(panels, alt=alt, title=title)


def turns_chart(groups: Mapping[str, Mapping[str, Row]], where: str, alt: str) -> altair.VConcatChart:
    """True SSIM during TTT with and without a rotation of the output's phase, one panel for each network."""
    last = [*groups][-1]
    panels = {words: _during(rows, "ssim", words, last=words == last) for words, rows in groups.items()}
    return stacked(
        panels, alt=alt, title=f"Rotating the output's phase by one angle removes or causes the fall ({where})"
    )


def _during(rows: Mapping[str, Row], curve: str, alt: str, *, last: bool) -> altair.LayerChart:
    """One curve of each named row over the iterations: the mean over slices with its 95 % band."""
    axes: dict[str, Any] = {"x_title": "TTT iteration" if last else "", "y_title": "", "band": ("low", "high")}
    return labelled_chart(mean_curves(rows, curve), "iteration", "value", "method", **axes, height=PANEL, alt=alt)


def phases_chart(rows: Mapping[str, Row], labels: Mapping[str, str], where: str) -> altair.LayerChart:
    """Fall of SSIM in the first iterations of TTT against the phase error before TTT, one dot for each network.

    Args:
        rows: stored rows by name; those of jointly trained networks have "joint" in their names.
        labels: text beside the dots of some rows.
        where: description of the data, for the title.
    """
    found = {name: outcome(row) for name, row in rows.items()}
    dots: list[dict[str, Any]] = [
        {"name": name, "phase": one["phase"].value, "fall": one["dip"].value, "joint": "joint" in name}
        for name, one in found.items()
    ]
    together = number(phase_against_dip([*rows.values()]).value, 2)
    title = f"Phase error and fall in SSIM have a rank correlation of {together} over {len(rows)} networks ({where})"
    told = "; ".join(f"{dot['name']}: {number(dot['phase'], 2)} rad, fall {number(dot['fall'])}" for dot in dots)
    axis = altair.Axis(values=[step / 2 for step in range(7)])
    x = altair.X(
        "phase:Q", title="phase error before TTT (rad)", scale=altair.Scale(domainMin=0, padding=16), axis=axis
    )
    y = altair.Y("fall:Q", title=f"fall in SSIM during the first {PLUNGE} iterations", scale=altair.Scale(padding=10))
    hue = altair.condition("datum.joint", altair.value(COLOR), altair.value(ALONE))
    base = altair.Chart(data(dots)).encode(x=x, y=y, color=hue, tooltip=tooltip("name", "phase", "fall"))
    layers: list[altair.Chart] = [base.mark_point(filled=True, size=130, opacity=0.85, stroke=PAPER)]
    sides: dict[bool, dict[str, Any]] = {True: {"align": "right", "dx": -12}, False: {"align": "left", "dx": 12}}
    for joint, side in sides.items():
        words = [dot | {"word": labels[dot["name"]]} for dot in dots if dot["name"] in labels and dot["joint"] is joint]
        named = altair.Chart(data(words)).encode(x=x, y=y, text="word:N", color=hue)
        layers += [named.mark_text(**side, fontWeight="bold")] if words else []
    return finished(altair.layer(*layers), f"{title}: {told}", title).properties(width=WIDTH, height=HEIGHT)


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
    """Sentences on the results of the stopping rules, with their numbers.

    Args:
        answers: results by their names in `results.json`.
        window, last: window of the rule, and the last iteration.
        short: loss relative to the oracle with a window of `SHORT`.
    """
    return Markdown(
        f"- **The self-validation error as a guide.** Its rank correlation with the true SSIM over the "
        f"iterations is {answers['rank_correlation_validation_ssim']}; −1 would be perfect.\n"
        f"- **What stopping costs and gains.** With a window of {window}, the rule loses "
        f"{answers['loss_to_oracle']} in SSIM relative to the best iteration; continuing to iteration {last} loses "
        f"a further {answers['gain_of_early_stopping']}.\n"
        f"- **The window.** With a window of {SHORT}, the rule may mistake noise in the error for a rise. Then "
        f"it loses {short} in SSIM."
    )


def phase_findings(answers: Mapping[str, Interval], rows: Mapping[str, Row], unrolled: Mapping[str, Row]) -> Markdown:
    """Sentences on the results of the ablation, with their numbers.

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
        f"The SSIM of the joint network never falls below {joint['worst'].value:.3f} and ends at "
        f"{joint['after'].value:.3f}.",
        f"- **The phase.** The phase of the supervised-only network's output is wrong by "
        f"{alone['phase'].value:.2f} rad; a random phase would be wrong by 1.57 rad. Rotating the phase by "
        f"*one angle per slice* reduces the fall by {answers['dip_removed_by_aligning']}, and the lead of joint "
        f"training after TTT shrinks to {answers['joint_minus_aligned_after']}.",
        f"- **The reverse.** If the phase of the joint network's output is rotated by half a turn, its SSIM falls to "
        f"{number(turned['worst'].value)}; that of the aligned supervised-only network never falls below "
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
