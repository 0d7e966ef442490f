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
HOME, AWAY = "at a factor that both were trained for", f"at {folds(UNSEEN)}, new to the network for all four"


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
        "less similar to training slices of Q than to those of P, by {}",
        "as similar to training slices of Q as to those of P ({})",
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
    title = f"SSIM on Q rises with similarity to Q under {len(sure) or 'none'} of {len(found)} shifts"
    if len(found) == 1:
        title = f"SSIM on Q {'rises' if sure else 'does not clearly rise'} with similarity to Q"
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
    """Lines of Markdown, one per shift: whether SSIM on Q rises with similarity to Q, and what diversity adds."""
    told = []
    for name, one in found.items():
        r, nearer, (near, good) = one.correlation(), one.nearer(), one.diversity()
        goes = "has no clear link to" if not r.excludes_zero else "rises with" if r.value > 0 else "falls with"
        told.append(
            f"**{ARROWS[name]}.** SSIM on Q {goes} similarity to Q (r = {measured(r, 2, signed=True)}). Mean "
            "similarity to the test slices of Q, training slices of Q minus those of P: "
            f"{measured(nearer, signed=True)}. P minus the mean of its parts: "
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
        f"One network for four accelerations is worse than {sum(row['high'] < 0 for row in home)} of {len(home)} "
        f"specialists at their own factor and better than {sum(row['low'] > 0 for row in away)} of {len(away)} "
        f"at {folds(UNSEEN)} "
        f"({kind} PDFS knees)"
    )
    x_title = "SSIM of the network for all four factors minus that of the specialist"
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
    which = f"still changes the difference at {', '.join(moved)}" if moved else "no longer changes any difference"
    doubled = f"The last doubling of training, to {p.lengths[-1]} × the steps,"
    title = f"{doubled} {which} by more than half its interval ({p.kind})"
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
    for what, lengths in {"network": (share, share), "factor": (share, 1)}.items():
        leads = [f"{measured(lead(study, one, *lengths), signed=True)} at {folds(one)}" for one in SEEN]
        told.append(f"with equally many steps for each {what}, {', '.join(leads)}")
    return f"**The network for all four minus the specialists:** {'; '.join(told)}."


def accelerations_table(study: Study, true: Mapping[int, float], caption: str) -> Table:
    """Mean SSIM of each network at each acceleration, nominal and true."""
    rows = [{"arm": arm} | {folds(one): study.mean(arm, at(one)).value for one in TESTED} for arm in study.arms]
    headings = {folds(one): f"{folds(one)} (true {true[one]:.1f})" for one in TESTED}
    return table(rows, {"arm": "trained at"} | headings, caption=caption)
