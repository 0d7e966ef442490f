"""Tables and sentences on two remedies for a shift: scores without and with TTT, and the gap that each closes."""

from statistics import median

from mrilib.beyond.ttt_on_diverse_models.experiment import (
    DIVERSE,
    GOAL,
    ONE,
    REMEDIES,
    TESTED,
    Remedy,
    Studies,
    closed,
    gain,
    lift,
    lift_lost,
    seconds,
)
from mrilib.figures.plot import Table, table
from mrilib.figures.sentences import measured, percent, verdict

ALL = "all together"


def grouped(found: Studies) -> dict[str, Studies]:
    """Studies by the title of their collection, and all of them together."""
    return {TESTED[name]: {name: study} for name, study in found.items()} | {ALL: found}


def lifts_table(found: Studies, caption: str) -> Table:
    """Mean SSIM without and with TTT, the difference, seconds and iterations, by collection and training set."""
    rows = []
    for name, study in found.items():
        for arm in study.arms:
            here = {name: study}
            rows.append(
                {
                    "where": f"{TESTED[name]}: {arm}",
                    "before": vars(study.mean(arm)),
                    "after": vars(study.mean(arm, measure="ssim_ttt")),
                    "lift": vars(lift(here, arm)),
                    "iterations": f"{median(study.over(arm, measure='iterations')):.0f}",
                    "seconds": f"{median(seconds(here, Remedy(arm, ttt=True))):.1f}",
                }
            )
    columns = {"where": "tested on: trained on", "before": "SSIM", "after": "SSIM with TTT", "lift": "gain of TTT"}
    return table(rows, columns | {"iterations": "iterations", "seconds": "seconds per slice"}, caption=caption)


def closed_table(found: Studies, caption: str) -> Table:
    """Gain in SSIM, fraction closed, and median and range of seconds for each remedy, over all collections together."""
    rows = []
    for name, remedy in REMEDIES.items():
        times = seconds(found, remedy)
        low, middle, high = (f"{one:.2g}" for one in (min(times), median(times), max(times)))
        gained, fraction = vars(gain(found, remedy)), str(closed(found, remedy))
        rows.append({"remedy": name, "gain": gained, "closed": fraction, "seconds": f"{middle} [{low}, {high}]"})
    columns = {"remedy": "remedy", "gain": "SSIM gained", "closed": "gap closed", "seconds": "seconds per slice"}
    return table(rows, columns, caption=caption)


def costs_in_words(found: Studies) -> list[str]:
    """Seconds per slice and SSIM gained by diverse data, by TTT and by both."""
    named = {"Diverse data": "diversity", "TTT": "TTT", "Both": "diversity and TTT"}
    return [
        f"**{words}:** {median(seconds(found, REMEDIES[name])):.1g} s per slice, "
        f"SSIM {measured(gain(found, REMEDIES[name]), signed=True)}"
        for words, name in named.items()
    ]


def in_words(found: Studies) -> list[str]:
    """Whether TTT still helps after diverse training, how much of the gap each remedy closes, and what each adds."""
    after = gain(found, REMEDIES["diversity and TTT"], REMEDIES["TTT"])
    shares = {name: percent(closed(found, remedy)) for name, remedy in REMEDIES.items()}
    return [
        f"**TTT adds {measured(lift(found, DIVERSE))} to the SSIM of the diverse network** and "
        f"{measured(lift(found, ONE))} to that of the network trained on one kind of knee; the "
        f"difference is {measured(lift_lost(found, DIVERSE))}.",
        f"**Of the gap ({measured(gain(found, GOAL))}), diverse data close {shares['diversity']}**, TTT closes "
        f"{shares['TTT']}, and both together close {shares['diversity and TTT']}.",
        "**With TTT, diverse training data** "
        + verdict(after, "still add {} in SSIM.", "cost {} in SSIM.", "add nothing distinguishable from zero ({})."),
    ]
