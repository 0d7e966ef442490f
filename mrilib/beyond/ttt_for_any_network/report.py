"""Tables, chart rows and sentences of notebook 20."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median

from mrilib.beyond.ttt_for_any_network.experiment import (
    ALONG,
    CHOICES,
    PHASES,
    TITLES,
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
from mrilib.figures.sentences import measured, number
from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.store.tables import Row
from mrilib.train.objectives import Loss

Results = Mapping[str, Shifted]
NEVER = "not reached on these slices"
PAPER_GOAL = "of paper A's gain"
OWN_CHOICE, PUBLISHED_CHOICE = CHOICES
LOSSES: tuple[Loss, ...] = ("supervised", "joint")


def scores_table(found: Results, caption: str) -> Table:
    """Mean SSIM on Q without TTT, with paper A's method and with a free phase, by shift."""
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


def parts_table(found: Results, caption: str) -> Table:
    """What the free phase adds to paper A's method, and what the other changes add to the free phase."""
    rows = []
    for shift, here in found.items():
        for loss in LOSSES:
            paper, alone, free = (here.after(loss, "P", phase) for phase in ("network", "alone", "free"))
            rows.append(
                {
                    "where": f"{_words(shift)}: {loss}",
                    "paper": number(mean_interval(paper).value),
                    "alone": vars(performance_gap(alone, paper)),
                    "others": vars(performance_gap(free, alone)),
                }
            )
    columns = {"where": "shift: network trained on P", "paper": "SSIM with paper A's TTT"}
    columns |= {"alone": "a free phase adds", "others": "the other changes add"}
    return table(rows, columns, caption=caption)


def stopping_table(found: Results, caption: str) -> Table:
    """SSIM that self-validation loses relative to the best iterate, its spread over hold-outs, and the deepest fall."""
    rows = []
    for shift, here in found.items():
        for arm, held in here.seeds.items():
            rows.append(
                {
                    "where": f"{_words(shift)}: {arm.name}",
                    "gain": vars(gain_over_seeds(held)),
                    **{choice: vars(regret(held, choice)) for choice in CHOICES},
                    "spread": spread(held),
                    "fall": _fall(held),
                }
            )
    columns = {"where": "shift: network and method", "gain": "gain of TTT"}
    columns |= {name: f"loss relative to the best iterate: {name}" for name in CHOICES}
    columns |= {"spread": "standard deviation over hold-outs", "fall": "deepest fall below the start"}
    return table(rows, columns, caption=caption)


def sooner_table(found: Shifted, caption: str) -> Table:
    """Iterations to 95 % of the gain with each method, and how many times fewer a free phase needs."""
    rows = []
    for loss in LOSSES:
        for goal, pair in sooner(found, loss).items():
            told = {TITLES[phase]: _counted(counts) for phase, counts in zip(PHASES, pair, strict=True)}
            ratio = times_sooner(*pair)
            counted = {"ratio": NEVER if ratio is None else vars(ratio)}
            rows.append({"network": f"{loss} on P, 95 % {goal}", **told, **counted})
    return table(rows, ["network", *(TITLES[phase] for phase in PHASES), "ratio"], caption=caption, digits=1)


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
    """The supervised network under the anatomy shift, both methods under all shifts, and where TTT lowers scores."""
    here = found[ALONG[0]]
    before = number(mean_interval(here.published["supervised on P"]).value)
    free, joint = here.after("supervised", "P", "free"), here.after("joint", "P", "network")
    lead = measured(performance_gap(free, joint), signed=True)
    harmed = [
        f"the {_words(shift)} shift ({measured(change, signed=True)})"
        for shift, one in found.items()
        if (change := _change(one)).high < 0
    ]
    return [
        f"**From knees to brains, TTT with a free phase changes the SSIM of the supervised network from "
        f"{before} to {measured(mean_interval(free))}.** This network's lead over the jointly trained network with "
        f"paper A's method is {lead}.",
        f"**A free phase beats paper A's method** under {_count(found, 'supervised')} shifts for the supervised "
        f"network and under {_count(found, 'joint')} for the joint one.",
        f"**With a free phase, TTT lowers the supervised network's score** under {', '.join(harmed) or 'no shift'}.",
    ]


def _change(found: Shifted) -> Interval:
    """What TTT with a free phase changes in the score of the supervised network of P."""
    return performance_gap(found.after("supervised", "P", "free"), found.published["supervised on P"])


def _count(found: Results, loss: Loss) -> str:
    return f"{sum(here.lead(loss).low > 0 for here in found.values())} of {len(found)}"


def stop_in_words(found: Results) -> list[str]:
    """Where self-validation loses most, what the published rule would lose there, and the deepest fall during a run."""
    runs = [
        (f"{_words(shift)} shift ({arm.name})", held, here.rows[arm])
        for shift, here in found.items()
        for arm, held in here.seeds.items()
    ]
    where, held, _ = max(runs, key=lambda run: regret(run[1], OWN_CHOICE).value)
    lost = {choice: measured(regret(held, choice)) for choice in CHOICES}
    depths = {name: _fall([*rows, first]) for name, rows, first in runs}
    deepest = max(depths, key=depths.__getitem__)
    return [
        f"**Self-validation loses most under the {where}:** {lost[OWN_CHOICE]} in SSIM, relative to the best image "
        f"of the run. Finding this image requires the ground truth. The published rule would lose "
        f"{lost[PUBLISHED_CHOICE]} there.",
        f"**The deepest fall below the initial SSIM,** if no run is stopped, is {number(depths[deepest])}, "
        f"under the {deepest}.",
    ]


def _fall(held: Sequence[Row]) -> float:
    return max(max(falls(row)) for row in held)


def sooner_in_words(found: Shifted) -> list[str]:
    """How many times as many iterations paper A's method needs for 95 % of its gain as a free phase."""
    told = []
    for loss in LOSSES:
        ratio = times_sooner(*sooner(found, loss)[PAPER_GOAL])
        goal = f"95 % {PAPER_GOAL}"
        words = f"with a free phase, {goal} is {NEVER}"
        if ratio is not None:
            more = f"{measured(ratio, 1)} times as many iterations as a free phase"
            words = f"to reach {goal}, paper A's method needs {more}"
        told.append(f"**{loss.capitalize()} network:** {words}.")
    return told


def seconds_in_words(found: Shifted, seconds: Mapping[str, float]) -> list[str]:
    """How many times sooner 95 % of paper A's gain is reached in seconds; keeps the ratios in `results.json`.

    Args:
        found: results under the anatomy shift.
        seconds: seconds per iteration by phase, measured in one run.
    """
    told = [f"**Iteration, {TITLES[phase]}:** {1000 * seconds[phase]:.0f} ms" for phase in PHASES]
    for loss in LOSSES:
        ratio = times_sooner(*sooner(found, loss)[PAPER_GOAL])
        if ratio is not None:
            factor = seconds["network"] / seconds["free"]
            ratio = replace(ratio, value=factor * ratio.value, low=factor * ratio.low, high=factor * ratio.high)
            record_interval(f"times_sooner_in_seconds_{loss}", ratio)
        words = NEVER if ratio is None else f"reached {measured(ratio, 1)} times sooner (estimated from these times)"
        told.append(f"**{loss.capitalize()} network:** with a free phase, 95 % {PAPER_GOAL} is {words}")
    return told


def _counted(counts: Sequence[float]) -> str:
    known = [count for count in counts if count == count]
    if not known:
        return NEVER
    return f"{median(known):.0f} [{min(known):.0f}, {max(known):.0f}]"


def _words(shift: str) -> str:
    return shift.replace("_", " ")
