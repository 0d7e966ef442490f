"""Tables and sentences on curves in and out of distribution: best epochs, falls, rises and stops."""

from collections.abc import Mapping

from mrilib.figures.notebook import record
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_interval
from mrilib.figures.sentences import measured, verdict
from mrilib.gap import Interval, performance_gap
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.experiment import title as named

Curves = Mapping[str, Curve]  # by names of `trainings.TRAININGS`
SIDES = {"P": "in distribution (P)", "Q": "out of distribution (Q)"}
STEEP = 2  # first epoch shown in charts; before any training, scores are far below


def falls_table(curves: Curves, caption: str) -> Table:
    """Table of the best epoch out of distribution, and the subsequent changes in SSIM in and out of distribution."""
    rows = [
        {
            "training": named(name),
            "peak": f"{one.epochs[one.peak]} of {one.epochs[-1]}",
            "fall": vars(one.change("Q", one.peak)),
            "rise": vars(one.change("P", one.peak)),
        }
        for name, one in curves.items()
    ]
    columns = {
        "training": "training",
        "peak": "best out of distribution after epoch",
        "fall": "out of distribution, end minus best",
    }
    return table(rows, columns | {"rise": "in distribution, change from then on"}, caption=caption)


def stops_table(curves: Curves, caption: str) -> Table:
    """Table of the epoch at which the rule stops each training run, and SSIM there minus SSIM at the end."""
    rows = [
        {"training": named(name), "stop": f"{one.epochs[one.stop]} of {one.epochs[-1]}"}
        | {side: vars(one.gains[side][one.epochs[one.stop]]) for side in SIDES}
        for name, one in curves.items()
    ]
    columns = {"training": "training", "stop": "stops after epoch", "Q": "out of distribution, stop minus end"}
    return table(rows, columns | {"P": "in distribution, stop minus end"}, caption=caption)


def record_curves(curves: Curves) -> None:
    """Write peaks, falls, rises, stops and the gains from stopping to `results.json`, one set per training run."""
    for name, one in curves.items():
        record(f"peak_{name}", one.epochs[one.peak])
        record(f"stop_{name}", one.epochs[one.stop])
        record_interval(f"fall_{name}", one.change("Q", one.peak))
        record_interval(f"rise_{name}", one.change("P", one.peak))
        record_interval(f"stopped_ood_{name}", one.gains["Q"][one.epochs[one.stop]])
        record_interval(f"stopped_id_{name}", one.gains["P"][one.epochs[one.stop]])
        record_interval(f"ood_since_quarter_{name}", one.change("Q", one.epochs.index(one.example_epochs[0])))


def since_quarter(curve: Curve) -> tuple[float, Interval]:
    """Changes in the example's SSIM and in SSIM in distribution, from a quarter of the training run to its end."""
    quarter, example = curve.epochs.index(curve.example_epochs[0]), curve.scores("test Q")
    return example[-1][0] - example[quarter][0], curve.change("P", quarter)


def against(curve: Curve, other: Curve) -> dict[str, Interval]:
    """One run's SSIM minus another's, same slices: at the end in distribution, at the peak out of distribution."""
    return {
        "id": performance_gap(curve.scores("test P")[-1], other.scores("test P")[-1]),
        "ood": performance_gap(curve.scores("test Q")[curve.peak], other.scores("test Q")[other.peak]),
    }


def in_words(curves: Curves) -> list[str]:
    """For each run, the best epoch out of distribution, and the later changes in SSIM in and out of distribution."""
    told = []
    for name, one in curves.items():
        fall, rise = one.change("Q", one.peak), one.change("P", one.peak)
        lost = verdict(fall, "rises by {}", "falls by {}", "does not visibly change ({})")
        told.append(
            f"**{named(name)}:** SSIM out of distribution is best after epoch {one.epochs[one.peak]} of "
            f"{one.epochs[-1]}. From then on, it {lost}, and SSIM in distribution changes by "
            f"{measured(rise, signed=True)}."
        )
    return told


def stops_in_words(curves: Curves) -> list[str]:
    """Where the rule stops each run, and what stopping gains out of distribution and costs in distribution."""
    told = []
    for name, one in curves.items():
        epoch = one.epochs[one.stop]
        q, p = (measured(one.gains[side][epoch], signed=True) for side in ("Q", "P"))
        told.append(
            f"**{named(name)}:** the rule stops after epoch {epoch}. SSIM there minus SSIM at the end is {q} out of "
            f"distribution and {p} in distribution."
        )
    return told
