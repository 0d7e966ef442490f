"""Tables, chart rows and sentences of notebook 20."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from mrilib.beyond.ttt_for_any_network.experiment import (
    CHOICES,
    PHASES,
    TITLES,
    Phase,
    Shifted,
    falls,
    gain_over_seeds,
    regret,
    sooner,
    spread,
    times_sooner,
)
from mrilib.figures.notebook import record
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import measured, number, verdict
from mrilib.gap import mean_interval
from mrilib.train.objectives import Loss

Results = Mapping[str, Shifted]
CASES: dict[str, tuple[Loss, Phase]] = {
    "joint, paper A": ("joint", "network"),
    "joint, free phase": ("joint", "free"),
    "supervised, free phase": ("supervised", "free"),
}
NEVER = "not reached on these slices"
LOSSES: tuple[Loss, ...] = ("supervised", "joint")


def curve_rows(found: Shifted, side: str = "P") -> list[dict[str, Any]]:
    """Mean SSIM along the runs of every network of one side, with its interval over the slices."""
    return [
        {"method": arm.name, "iteration": at, **vars(mean_interval([curve[place] for curve in row["curves"]]))}
        for arm, row in found.rows.items()
        if arm.side == side
        for place, at in enumerate(row["iterations"])
    ]


def scores_table(found: Results, caption: str) -> Table:
    """Mean SSIM on Q without TTT, with paper A's and with a free phase, by shift."""
    rows = []
    for shift, here in found.items():
        columns = {
            "supervised": here.published["supervised on P"],
            "joint_a": here.after("joint", "P", "network"),
            "supervised_a": here.after("supervised", "P", "network"),
            "joint_free": here.after("joint", "P", "free"),
            "supervised_free": here.after("supervised", "P", "free"),
            "supervised_q": here.published["supervised on Q"],
        }
        rows.append({"shift": _words(shift)} | {name: vars(mean_interval(one)) for name, one in columns.items()})
    columns_shown = {
        "shift": "shift",
        "supervised": "supervised on P",
        "supervised_a": "+ TTT, paper A",
        "supervised_free": "+ TTT, free phase",
        "joint_a": "joint on P + TTT, paper A",
        "joint_free": "joint on P + TTT, free phase",
        "supervised_q": "supervised on Q",
    }
    return table(rows, columns_shown, caption=caption)


def closed_table(found: Results, caption: str) -> Table:
    """Gap before, and the fraction closed by paper A's method and with a free phase, by shift."""
    rows = [
        {
            "shift": _words(shift),
            "before": vars(here.before),
            "published": str(here.closed("joint", "network")),
            "joint": str(here.closed("joint", "free")),
            "supervised": str(here.closed("supervised", "free")),
        }
        for shift, here in found.items()
    ]
    columns = {"shift": "shift", "before": "gap before", "published": "closed: joint, paper A"}
    columns |= {"joint": "closed: joint, free phase", "supervised": "closed: supervised, free phase"}
    return table(rows, columns, caption=caption)


def closed_rows(found: Results) -> list[dict[str, Any]]:
    """Fractions closed, for a chart; shifts without a gap are left out."""
    return [
        {"shift": _words(shift), "method": name, **vars(fraction)}
        for shift, here in found.items()
        for name, case in CASES.items()
        if (fraction := here.closed(*case).interval) is not None
    ]


def stopping_table(found: Results, caption: str) -> Table:
    """What self-validation loses to the best iterate, the spread over hold-outs, and the largest transient fall."""
    rows = []
    for shift, here in found.items():
        for arm, held in here.seeds.items():
            rows.append(
                {
                    "where": f"{_words(shift)}: {arm.name}",
                    "gain": vars(gain_over_seeds(held)),
                    **{choice: vars(regret(held, choice)) for choice in CHOICES},
                    "spread": spread(held),
                    "fall": max(max(falls(row)) for row in held),
                }
            )
    columns = {"where": "shift: network and method", "gain": "gain of TTT"}
    columns |= {name: f"loss relative to the best iterate: {name}" for name in CHOICES}
    columns |= {"spread": "standard deviation over hold-outs", "fall": "deepest fall below the start"}
    return table(rows, columns, caption=caption)


def sooner_table(found: Shifted, caption: str) -> Table:
    """Iterations to 95 % of the gain by either method, and how many times fewer a free phase takes."""
    rows = []
    for loss in LOSSES:
        for goal, pair in sooner(found, loss).items():
            told = {TITLES[phase]: _counted(counts) for phase, counts in zip(PHASES, pair, strict=True)}
            ratio = times_sooner(*pair)
            counted = {"ratio": NEVER if ratio is None else vars(ratio)}
            rows.append({"network": f"{loss} on P, 95 % {goal}", **told, **counted})
    return table(rows, ["network", *TITLES.values(), "ratio"], caption=caption, digits=1)


def keep_results(found: Results) -> list[str]:
    """Write gaps, leads, scores, fractions and ratios to `results.json`; return them in words."""
    said = []
    for shift, here in found.items():
        record_interval(f"gap_before_{shift}", here.before)
        for loss in LOSSES:
            lead, fraction = here.lead(loss), here.closed(loss, "free")
            record_interval(f"free_phase_leads_{loss}_{shift}", lead)
            record_interval(f"ssim_{loss}_free_{shift}", mean_interval(here.after(loss, "P", "free")))
            key = f"fraction_closed_{loss}_{shift}"
            record(key, fraction.reason) if fraction.interval is None else record_interval(key, fraction.interval)
            said.append(f"{_words(shift)}, {loss} on P: free phase minus paper A {lead}; fraction closed {fraction}")
    for loss in LOSSES:
        for goal, pair in sooner(found["anatomy"], loss).items():
            key, ratio = f"times_sooner_{loss}_{goal.split()[1].lower()}", times_sooner(*pair)
            record(key, NEVER) if ratio is None else record_interval(key, ratio)
            told = NEVER if ratio is None else f"in {ratio} times fewer iterations"
            said.append(f"anatomy, {loss} on P: 95 % {goal} {told}")
    return said


def in_words(found: Results) -> list[str]:
    """Both networks of P with a free phase and with paper A's method, one line of Markdown for each shift."""
    told = []
    for shift, here in found.items():
        before = number(mean_interval(here.published["supervised on P"]).value)
        free, published = (
            measured(mean_interval(here.after("supervised", "P", phase))) for phase in ("free", "network")
        )
        joint = verdict(here.lead("joint"), "is {} better than", "is {} worse than", "is not distinguishable ({}) from")
        told.append(
            f"**{_words(shift).capitalize()}.** Supervised on P: {before} without TTT, {free} with a free phase, "
            f"{published} with paper A's method. For the joint network, a free phase {joint} paper A's method."
        )
    return told


def _counted(counts: Sequence[float]) -> str:
    known = [count for count in counts if count == count]
    if not known:
        return NEVER
    return f"{median(known):.0f} [{min(known):.0f}, {max(known):.0f}]"


def _words(shift: str) -> str:
    return shift.replace("_", " ")
