"""Charts of mixtures: the path of one shift drawn large, and the paths of all shifts."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.bound import scrubbed_chart
from mrilib.figures.sentences import bullets, measured, number, percent
from mrilib.figures.shares import shares_chart as shares
from mrilib.figures.sweep import path_chart, sweep_chart
from mrilib.figures.theme import NAMED
from mrilib.gap import Interval, performance_gap
from mrilib.paper_a.mixtures.sweep import SIDES, Outcome, Scores, curves, points
from mrilib.paper_a.side_words import from_to, side_name, side_word, worded

QUARTER = 0.25
ALMOST = 0.75  # of the gaps on P and on Q; a mixture is almost enough if it certainly keeps and gains more
ENDS = ("trained on P only", "trained on Q only", "two separate networks")
AXES: dict[str, Any] = {"x_title": "SSIM on P", "y_title": "SSIM on Q"}  # of several shifts
GAINED, KEPT = "gained on Q", "kept on P"
SHARE = "share of the difference between training on P and on Q, % (95 % interval)"
HALF = 50  # per cent; on the straight line between the ends, not both shares can exceed it


def path(sweep: Mapping[float, Scores], coefficient: float, shift: str, kind: str) -> altair.LayerChart:
    """Path of one shift; the title says whether the mixture nearest to `coefficient` is almost enough for both."""
    rows = points(sweep)
    inside = [row["coefficient"] for row in rows if 0 < row["coefficient"] < 1]
    near = min(inside, key=lambda share: abs(share - coefficient), default=None)
    title = _enough(sweep, near, side_name(shift, "Q")) if near else "No mixture is trained: the path has only its ends"
    told = "; ".join(f"share of Q {row['coefficient']:g}: {row['x']:.3f} on P, {row['y']:.3f} on Q" for row in rows)
    ends, axes = [worded(shift, name) for name in ENDS], {key: worded(shift, name) for key, name in AXES.items()}
    alt = f"{title} ({kind} data). {told}"
    return path_chart(rows, "coefficient", ends, side_word(shift, "Q"), **axes, title=f"{title} ({kind} data)", alt=alt)


def _enough(sweep: Mapping[float, Scores], coefficient: float, of_q: str) -> str:
    """Whether one network trained on a mixture nearly replaces two, as far as the intervals of `Outcome` support it."""
    one = Outcome(sweep[coefficient], sweep[0.0], sweep[1.0])
    shares = [share.interval for share in (one.gained, one.kept)]
    enough = all(share is not None and share.low > ALMOST for share in shares)
    share = "a quarter" if coefficient == QUARTER else f"{100 * coefficient:.3g} %"
    outcome = (
        "almost enough: one network does nearly as well as two"
        if enough
        else "not clearly enough to replace two networks"
    )
    return f"Taking {share} of the training slices from {of_q} is {outcome}"


def ends_message(on_p: Sequence[float], on_q: Sequence[float]) -> str:
    """Message on which network is better: SSIM on one slice each of P and of Q, by the networks of P and of Q."""
    better = (on_p[0] > on_p[1]) + (on_q[1] > on_q[0])
    how_many = {2: "Each network is", 1: "Only one of the two networks is", 0: "Neither network is"}[better]
    return f"{how_many} better than the other on images like those it was trained on"


def shares_chart(outcomes: Mapping[str, Outcome], kind: str) -> altair.LayerChart:
    """What a quarter of Q gains on Q and keeps on P, in per cent of the difference between the ends, shift by shift.

    A share that is undefined is left out. See `Outcome.is_corner`.
    """
    turned = sum(one.is_corner for one in outcomes.values())
    title = f"With {100 * QUARTER:g} % from Q, more than half of the gap on Q is closed"
    title += f" and more than half of the lead on P kept under {turned} of {len(outcomes)} shifts ({kind} data)"
    rows = [
        {"name": f"{name.replace('_', ' ')}\n{from_to(name)}", "series": series, **_in_percent(share.interval)}
        for name, one in outcomes.items()
        for series, share in ((GAINED, one.gained), (KEPT, one.kept))
        if share.interval
    ]
    told = "; ".join(f"{name.replace('_', ' ')}: {_in_short(one)}" for name, one in outcomes.items())
    colors = {GAINED: NAMED["Q"], KEPT: NAMED["P"]}
    return shares(rows, colors, x_title=SHARE, title=title, alt=f"{title}. {told}", half=HALF)


def _in_percent(found: Interval) -> dict[str, float]:
    return {"value": 100 * found.value, "low": 100 * found.low, "high": 100 * found.high}


def paths(sweeps: Mapping[str, Mapping[float, Scores]], coefficient: float, kind: str) -> altair.FacetChart:
    """Paths of the shifts with a mixture, or of all shifts, each below what a quarter of Q gains on Q and keeps on P.

    See `Outcome.is_corner`.
    """
    named = {name.replace("_", " "): sweep for name, sweep in sweeps.items()}
    mixed = {name: sweep for name, sweep in named.items() if any(0 < share < 1 for share in sweep)}
    rows = [{"shift": name, **point} for name, sweep in (mixed or named).items() for point in points(sweep)]
    quarter = {name: sweep for name, sweep in mixed.items() if QUARTER in sweep}
    tried = {name: Outcome(sweep[QUARTER], sweep[0.0], sweep[1.0]) for name, sweep in quarter.items()}
    turned = sum(one.is_corner for one in tried.values())
    share = f"With {100 * QUARTER:g} % from Q, clearly more than half is gained on Q and kept on P"
    title = f"{share} under {turned} of {len(tried)} shifts ({kind} data)"
    heads = {name: [name, *([_in_short(tried[name])] if name in tried else [])] for name in (mixed or named)}
    told = "; ".join(": ".join(lines) for lines in heads.values())
    alt = f"{title}. SSIM on Q and on P of networks trained on mixtures, one panel per shift: {told}"
    return sweep_chart(rows, "shift", "coefficient", **AXES, title=title, alt=alt, chosen=coefficient, heads=heads)


def _in_short(one: Outcome) -> str:
    return f"gained {percent(one.gained)}, kept {percent(one.kept)}"


def curves_chart(sweep: Mapping[float, Scores], coefficient: float, shift: str, kind: str) -> altair.LayerChart:
    """Both scores against the share of Q, with a slider that needs no kernel."""
    rows = [row | {"tested on": worded(shift, str(row["tested on"]))} for row in curves(sweep)]
    title, share = curves_title(sweep, coefficient, shift, kind), f"share of {side_word(shift, 'Q')}"
    axes: dict[str, Any] = {"x_title": share, "y_title": "SSIM (mean, 95 % band)", "band": ("low", "high")}
    alt = f"{title}. SSIM with 95 % bands against the {share}"
    return scrubbed_chart(rows, "coefficient", "value", "tested on", **axes, chosen=coefficient, title=title, alt=alt)


def curves_title(sweep: Mapping[float, Scores], coefficient: float, shift: str, kind: str) -> str:
    """What the mixture nearest to `coefficient` gains on Q and loses on P relative to training on P alone."""
    near = min((share for share in sweep if share), key=lambda share: abs(share - coefficient))
    gained = performance_gap(sweep[near]["Q"], sweep[0.0]["Q"])
    lost = performance_gap(sweep[0.0]["P"], sweep[near]["P"])
    of_p, of_q = (side_name(shift, side) for side in SIDES)
    told = f"Training with {100 * near:.3g} % from {of_q} gains {number(gained.value)} in SSIM there and costs "
    return f"{told}{number(lost.value)} on {of_p} ({kind} data)"


def findings(outcomes: Mapping[str, Outcome]) -> Markdown:
    """Three sentences with numbers: where the L appears, what a mixture gains on Q, and what it costs on P."""
    named = {name.replace("_", " "): one for name, one in outcomes.items()}
    verdicts: dict[str, list[str]] = {}
    for name, one in named.items():
        verdicts.setdefault(one.verdict, []).append(name)
    told = "; ".join(f"{verdict} under {', '.join(names)}" for verdict, names in verdicts.items())
    return bullets(
        [
            f"**The path.** {told[:1].upper()}{told[1:]}.",
            f"**Gained on Q:** {'; '.join(f'{name} {percent(one.gained)}' for name, one in named.items())}.",
            f"**SSIM lost on P:** {'; '.join(f'{name} {measured(one.lost)}' for name, one in named.items())}.",
        ]
    )
