"""Charts of mixtures: the path of one shift drawn large, and the paths of all shifts."""

from collections.abc import Mapping

import altair
from IPython.display import Markdown

from mrilib.figures.sentences import bullets, measured, percent
from mrilib.figures.sweep import path_chart, sweep_chart
from mrilib.paper_a.mixtures.sweep import Outcome, Scores, points

QUARTER = 0.25
ENDS = ("trained on P only", "trained on Q only", "two separate networks")
AXES = {"x_title": "SSIM on P", "y_title": "SSIM on Q"}


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
    """Paths of the shifts with a mixture, or of all if none has one; in the title those that turn like an L.

    See `Outcome.is_corner`.
    """
    named = {name.replace("_", " "): sweep for name, sweep in sweeps.items()}
    mixed = {name: sweep for name, sweep in named.items() if any(0 < share < 1 for share in sweep)}
    rows = [{"shift": name, **point} for name, sweep in (mixed or named).items() for point in points(sweep)]
    quarter = {name: sweep for name, sweep in mixed.items() if QUARTER in sweep}
    tried = {name: Outcome(sweep[QUARTER], sweep[0.0], sweep[1.0]) for name, sweep in quarter.items()}
    straight = [name for name, one in tried.items() if not one.is_corner]
    but = f", not clearly under {', '.join(straight)}" if straight else ""
    turned = len(tried) - len(straight)
    title = f"The path turns like an L under {turned} of {len(tried)} shifts{but} ({kind} data)"
    alt = f"{title}: SSIM on Q and on P of networks trained on mixtures, one panel per shift"
    return sweep_chart(rows, "shift", "coefficient", **AXES, title=title, alt=alt, chosen=coefficient)


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
