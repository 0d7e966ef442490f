"""Synthetic results of every claim: as the paper's, without the effect, with the effect reversed, and ruined.

A ruined result is one whose images are worthless: every network, or every test-time trained one, at an SSIM of .30.
"""

RUIN = 0.30
OUTCOMES = {  # SSIM after the method, trained on Q and on P, from that before and the paper's after
    "as the paper's": lambda before, after: after,
    "no effect": lambda before, after: before,
    "reversed": lambda before, after: (before[0], before[1] - 0.05),
    "ruined": lambda before, after: (RUIN + 0.001, RUIN),
}


def near(value, n=100, spread=5e-4):
    """A result whose interval is narrow."""
    return {"value": value, "low": value - spread, "high": value + spread, "n": n}


def exact(**numbers):
    """Results without interval."""
    return numbers


def results(**numbers):
    """Results with narrow intervals."""
    return {key: near(value) for key, value in numbers.items()}


def each(template, names, value):
    """The same number for several names; `value` may be one per name."""
    values = value if isinstance(value, (list, tuple)) else [value] * len(names)
    return results(**{template.format(name): one for name, one in zip(names, values, strict=True)})


def closing(suffix, before, after):
    """Gaps and fractions of a method; `before` and `after` are the SSIM trained on Q and on P."""
    gap = before[0] - before[1]
    found = results(**{f"gap_before_{suffix}": gap, f"gap_after_{suffix}": after[0] - after[1]})
    if gap < 0.002:
        undefined = "the gap before is not distinguishable from a gap of 0"
        return found | {f"fraction_closed_{suffix}": undefined, f"fraction_reached_{suffix}": undefined}
    closed, reached = 1 - (after[0] - after[1]) / gap, (after[1] - before[1]) / gap
    return found | results(**{f"fraction_closed_{suffix}": closed, f"fraction_reached_{suffix}": reached})


def four(paper, none, reverse, ruined):
    return dict(zip(OUTCOMES, (paper, none, reverse, ruined), strict=True))


def by(made):
    """All four from a function of the outcome."""
    return {outcome: made(outcome) for outcome in OUTCOMES}
