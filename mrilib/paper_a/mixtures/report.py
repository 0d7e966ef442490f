"""Charts of mixtures: the path of one shift drawn large, and the paths of all shifts."""

from collections.abc import Mapping
from typing import Any

import altair
from IPython.display import Markdown

from mrilib.figures.sentences import bullets, measured, number, percent
from mrilib.figures.sweep import path_chart, sweep_chart
from mrilib.gap import performance_gap
from mrilib.paper_a.mixtures.sweep import Outcome, Scores, points

QUARTER = 0.25
ENDS = ("trained on P only", "trained on Q only", "two separate networks")
AXES: dict[str, Any] = {"x_title": "SSIM on P", "y_title": "SSIM on Q"}


def path(sweep: Mapping[float, Scores], coefficient: float, shift: str, kind: str) -> altair.LayerChart:
    """Path of one shift, with the scores of the mixture nearest to `coefficient` in the title."""
    rows = points(sweep)
    inside = [row for row in rows if 0 < row["coefficient"] < 1] or rows[-1:]
    near = min(inside, key=lambda row: abs(row["coefficient"] - coefficient))
    share = f"With {100 * near['coefficient']:.3g} % of the slices from Q"
    title = f"{share}, one network scores {near['x']:.3f} on P and {near['y']:.3f} on Q"
    told = "; ".join(f"share of Q {row['coefficient']:g}: {row['x']:.3f} on P, {row['y']:.3f} on Q" for row in rows)
    where = f"({shift.replace('_', ' ')} shift, {kind} data)"
    return path_chart(rows, "coefficient", ENDS, **AXES, title=f"{title} {where}", alt=f"{title} {where}. {told}")


def paths(sweeps: Mapping[str, Mapping[float, Scores]], coefficient: float, kind: str) -> altair.FacetChart:
    """Paths of the shifts with a mixture, or of all if none has one; above each, what a quarter of Q gains and keeps.

    See `Outcome.is_corner`.
    """
    named = {name.replace("_", " "): sweep for name, sweep in sweeps.items()}
    mixed = {name: sweep for name, sweep in named.items() if any(0 < share < 1 for share in sweep)}
    rows = [{"shift": name, **point} for name, sweep in (mixed or named).items() for point in points(sweep)]
    quarter = {name: sweep for name, sweep in mixed.items() if QUARTER in sweep}
    tried = {name: Outcome(sweep[QUARTER], sweep[0.0], sweep[1.0]) for name, sweep in quarter.items()}
    turned = sum(one.is_corner for one in tried.values())
    share = f"At {100 * QUARTER:g} % of Q, clearly more than half is gained on Q and kept on P"
    title = f"{share} under {turned} of {len(tried)} shifts ({kind} data)"
    heads = {name: [name, *([_in_short(tried[name])] if name in tried else [])] for name in (mixed or named)}
    told = "; ".join(": ".join(lines) for lines in heads.values())
    alt = f"{title}. SSIM on Q and on P of networks trained on mixtures, one panel per shift: {told}"
    return sweep_chart(rows, "shift", "coefficient", **AXES, title=title, alt=alt, chosen=coefficient, heads=heads)


def _in_short(one: Outcome) -> str:
    return f"gained {percent(one.gained)}, kept {percent(one.kept)}"


def curves_title(sweep: Mapping[float, Scores], coefficient: float, shift: str, kind: str) -> str:
    """What the mixture nearest to `coefficient` gains on Q and loses on P relative to training on P alone."""
    near = min((share for share in sweep if share), key=lambda share: abs(share - coefficient))
    gained = performance_gap(sweep[near]["Q"], sweep[0.0]["Q"])
    lost = performance_gap(sweep[0.0]["P"], sweep[near]["P"])
    told = f"{100 * near:.3g} % of Q gains {number(gained.value)} in SSIM on Q and costs {number(lost.value)} on P"
    return f"{told} ({shift.replace('_', ' ')} shift, {kind} data)"


def findings(outcomes: Mapping[str, Outcome]) -> Markdown:
    """Where the L appears, and what a mixture gains on Q and costs on P, in three sentences with their numbers."""
    named = {name.replace("_", " "): one for name, one in outcomes.items()}
    verdicts: dict[str, list[str]] = {}
    for name, one in named.items():
        verdicts.setdefault(one.verdict, []).append(name)
    told = "; ".join(f"{verdict}: {', '.join(names)}" for verdict, names in verdicts.items())
    return bullets(
        [
            f"**The path.** {told[:1].upper()}{told[1:]}.",
            f"**Gained on Q:** {'; '.join(f'{name} {percent(one.gained)}' for name, one in named.items())}.",
            f"**SSIM lost on P:** {'; '.join(f'{name} {measured(one.lost)}' for name, one in named.items())}.",
        ]
    )
