"""Appendix of notebook 12: does similarity explain the scores, and does one network serve all accelerations?

Charts, tables and sentences of training sets' similarity to Q, and of networks for several accelerations.
"""

from collections.abc import Mapping
from statistics import fmean

import altair

from mrilib.figures.charts import lines_chart
from mrilib.figures.dots import dots_chart, in_numbers
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, number, verdict
from mrilib.figures.strips import strip_chart, strips_in_numbers
from mrilib.figures.theme import NAMED, SERIES_COLORS
from mrilib.gap import mean_interval
from mrilib.paper_b.effective_robustness.experiment import P
from mrilib.paper_b.effective_robustness.likeness import Likeness, Q
from mrilib.paper_b.effective_robustness.parameters import Parameters
from mrilib.paper_b.effective_robustness.report import ARROWS, panels
from mrilib.paper_b.effective_robustness.table_2 import (
    MIXED,
    SEEN,
    TESTED,
    UNSEEN,
    at,
    folds,
    lead,
    lead_moves,
    trained,
)
from mrilib.paper_b.study import Study

ACCELERATIONS = SERIES_COLORS[0], SERIES_COLORS[3]  # no colours of training sets
ONE_PART, ALL_PARTS = "one part of P", "all of P"
HOME, AWAY = "where the specialist is in distribution", f"at the unseen {folds(UNSEEN)}"


def nearness_chart(one: Likeness, seen: str) -> altair.LayerChart:
    """Similarity of every test slice of Q to training slices of Q and of P, with one strip for each of the two."""
    names = {Q: "to training slices of Q", P: "to training slices of P"}
    values = {trained_on: one.similarities(trained_on) for trained_on in names}
    rows = [
        {"name": words, "values": values[side], "mean": mean_interval(values[side]), "color": NAMED[side]}
        for side, words in names.items()
    ]
    lead = verdict(
        one.nearer(),
        "more similar to training slices of Q than to those of P, by {}",
        "less similar, by {}",
        "as similar ({})",
    )
    title = f"{ARROWS[one.name]}: test slices of Q are {lead} ({seen})"
    alt = f"{title}: {strips_in_numbers(rows)}"
    return strip_chart(rows, x_title="similarity to the nearest training patches", alt=alt, title=title, zero=False)


def likeness_chart(found: Mapping[str, Likeness], seen: str) -> altair.FacetChart:
    """SSIM on Q against similarity to Q: one panel per shift, one point per training set, P distinct from its parts."""
    rows = [
        {
            "panel": ARROWS[name],
            "set": trained_on,
            "trained on": ALL_PARTS if trained_on == P else ONE_PART,
            "x": fmean(one.similarities(trained_on)),
            "y": one.study.mean(trained_on).value,
        }
        for name, one in found.items()
        for trained_on in one.networks
    ]
    words = "; ".join(f"{ARROWS[name]}: correlation {one.correlation()}" for name, one in found.items())
    sure = [ARROWS[name] for name, one in found.items() if one.correlation().low > 0]
    title = f"Similarity to Q goes with the score on Q under {len(sure)} of {len(found)} shifts"
    told = f"{title}{': ' if sure else ''}{', '.join(sure)} ({seen})"
    return panels(rows, [ONE_PART, ALL_PARTS], ("similarity to Q", "SSIM on Q"), told, words)


def likeness_table(found: Mapping[str, Mapping[str, Likeness]], caption: str) -> Table:
    """Correlation, lead of Q's own slices in similarity, and gain from diversity; one row per features and shift."""
    rows = []
    for features, shifts in found.items():
        for name, one in shifts.items():
            near, good = one.diversity()
            place = {"features": features, "shift": ARROWS[name]}
            found_here = {"r": one.correlation(), "nearer": one.nearer(), "near": near, "good": good}
            rows.append(place | {key: vars(value) for key, value in found_here.items()})
    columns = {"features": "features", "shift": "shift", "r": "r of similarity and SSIM"}
    columns |= {"nearer": "similarity: Q minus P", "near": "similarity: P minus mean of parts"}
    return table(rows, columns | {"good": "SSIM on Q: P minus mean of parts"}, caption=caption)


def likeness_in_words(found: Mapping[str, Likeness]) -> list[str]:
    """Lines of Markdown, one per shift: whether similarity to Q rises with the score on Q, and what diversity adds."""
    told = []
    for name, one in found.items():
        r, nearer, (near, good) = one.correlation(), one.nearer(), one.diversity()
        goes = verdict(
            r, "rises with the score (r = {})", "falls with the score (r = −{})", "shows no clear link (r = {})", 2
        )
        told.append(
            f"**{ARROWS[name]}.** Similarity to Q {goes}. Training slices of Q are more similar to the test "
            f"slices of Q than those of P are, by {measured(nearer)}. P minus the mean of its parts is "
            f"{measured(near, signed=True)} in similarity and {measured(good, signed=True)} in SSIM."
        )
    return told


def differences_chart(study: Study, comparisons: Mapping[str, tuple[str, str, int]], kind: str) -> altair.LayerChart:
    """SSIM of the network for all four factors minus a specialist's, at the specialist's and at the unseen factor."""
    rows = [
        {
            "name": f"against the {other.partition(',')[0]} specialist",
            "series": AWAY if one == UNSEEN else HOME,
            **vars(study.difference(mixed, other, at(one))),
        }
        for mixed, other, one in sorted(comparisons.values(), key=lambda each: int(each[1].split("-")[0]))
    ]
    home, away = ([row for row in rows if row["series"] == series] for series in (HOME, AWAY))
    title = (
        f"One network for four accelerations: behind {sum(row['high'] < 0 for row in home)} of {len(home)} specialists "
        f"at their own factor, ahead of {sum(row['low'] > 0 for row in away)} of {len(away)} at the unseen one "
        f"({kind} PDFS knees)"
    )
    x_title = "SSIM of the network for all four factors minus the specialist's"
    colors = dict(zip(dict.fromkeys(row["series"] for row in rows), ACCELERATIONS, strict=False))
    return dots_chart(rows, x_title=x_title, alt=f"{title}: {in_numbers(rows)}", title=title, colors=colors)


def lengths_chart(study: Study, p: Parameters) -> altair.LayerChart:
    """SSIM of the network for all four factors minus each specialist's, over the number of steps both are trained."""
    rows = [
        {"against": f"{folds(one)} specialist", "steps": length * p.train_slices * p.epochs // p.batch_size}
        | vars(lead(study, one, length, length))
        for one in SEEN
        for length in p.lengths
    ]
    moved = [folds(one) for one in SEEN if lead_moves(study, one, p.lengths[-1]) > 1]
    which = f"still moves the difference at {', '.join(moved)}" if moved else "no longer moves any difference"
    title = (
        f"Doubling the training to {p.lengths[-1]} × as many steps {which} by more than half its interval ({p.kind})"
    )
    told = [f"{row['against']}, {row['steps']:,} steps {row['value']:+.4f}" for row in rows]
    return lines_chart(
        rows,
        *("steps", "value", "against"),
        x_title="training steps of each network",
        y_title="SSIM: network for all four minus specialist",
        alt=f"{title}: {'; '.join(told)}",
        title=title,
        band=("low", "high"),
        log_x=True,
    )


def lengths_in_words(study: Study, p: Parameters) -> list[str]:
    """Mean SSIM by training length, of each specialist and of the network for all four: who still improves at the end.

    One line of Markdown per factor.
    """
    told = []
    for one in SEEN:
        sides = {f"specialist ({folds(one)})": folds(one), "network for all four": MIXED}
        scores = {
            name: [study.mean(trained(arm, each), at(one)).value for each in p.lengths] for name, arm in sides.items()
        }
        parts = [
            f"{name} {', '.join(map(number, values))} (best after {p.lengths[values.index(max(values))]} × the steps)"
            for name, values in scores.items()
        ]
        told.append(f"**{folds(one)}:** {'; '.join(parts)}.")
    return told


def equal_steps_in_words(study: Study, p: Parameters) -> str:
    """One sentence: both readings of equal training, equal steps for each network and equal steps for each factor."""
    share = len(SEEN)
    told = []
    for what, lengths in {"each network": (share, share), "each factor": (share, 1)}.items():
        leads = [f"{measured(lead(study, one, *lengths), signed=True)} at {folds(one)}" for one in SEEN]
        told.append(f"for {what}, {', '.join(leads)}")
    return f"The network for all four minus the specialists, with equally many steps {'; '.join(told)}."


def accelerations_table(study: Study, true: Mapping[int, float], caption: str) -> Table:
    """Mean SSIM of each network at each acceleration, nominal and true."""
    rows = [{"arm": arm} | {folds(one): study.mean(arm, at(one)).value for one in TESTED} for arm in study.arms]
    headings = {folds(one): f"{folds(one)} (true {true[one]:.1f})" for one in TESTED}
    return table(rows, {"arm": "trained at"} | headings, caption=caption)
