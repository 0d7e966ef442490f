"""Curves at home and abroad: how far abroad falls while home rises, where the rule stops, what is recorded."""

from collections.abc import Callable, Iterable, Mapping

import altair

from mrilib.figures.charts import haloed
from mrilib.figures.notebook import record
from mrilib.figures.plot import Table, lines_chart, table
from mrilib.figures.rows import record_interval
from mrilib.figures.theme import MUTED
from mrilib.gap import Interval, performance_gap
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.experiment import title as named

Curves = Mapping[str, Curve]  # by names of `trainings.TRAININGS`
SIDES = {"P": "at home (P)", "Q": "abroad (Q)"}
STEEP = 2  # the first epoch that the charts show: before any training everything is far below


def falls_table(curves: Curves, caption: str) -> Table:
    """Where each training was best abroad, what it loses abroad and gains at home from there on."""
    rows = [
        {
            "training": named(name),
            "peak": f"{one.epochs[one.peak]} of {one.epochs[-1]}",
            "fall": vars(one.change("Q", one.peak)),
            "rise": vars(one.change("P", one.peak)),
        }
        for name, one in curves.items()
    ]
    columns = {"training": "training", "peak": "best abroad after epoch", "fall": "abroad, end minus best"}
    return table(rows, columns | {"rise": "at home meanwhile"}, caption=caption)


def stops_table(curves: Curves, caption: str) -> Table:
    """Where the rule stops each training, and SSIM there minus that of the end."""
    rows = [
        {"training": named(name), "stop": f"{one.epochs[one.stop]} of {one.epochs[-1]}"}
        | {side: vars(one.gains[side][one.epochs[one.stop]]) for side in SIDES}
        for name, one in curves.items()
    ]
    columns = {"training": "training", "stop": "stops after epoch", "Q": "abroad, stop minus end"}
    return table(rows, columns | {"P": "at home, stop minus end"}, caption=caption)


def _rows(curve: Curve, side: str, name: str) -> Iterable[dict[str, object]]:
    shown = {epoch: gain for epoch, gain in curve.gains[side].items() if epoch >= min(STEEP, curve.epochs[-1] // 2)}
    return [{"series": name, "epoch": epoch} | vars(gain) for epoch, gain in shown.items()]


def _lines(rows: list[dict[str, object]], title: str, alt: str) -> altair.LayerChart:
    x_title, y_title, band = "epoch", "SSIM minus SSIM at the end", ("low", "high")
    return lines_chart(
        rows, "epoch", "value", "series", x_title=x_title, y_title=y_title, band=band, title=title, alt=alt
    )


def sides_chart(curve: Curve, title: str, chosen: int | None = None) -> altair.LayerChart:
    """SSIM minus that of the end, at home and abroad, over the epochs; the rule's epoch, or a chosen one, marked."""
    rows = [row for side, name in SIDES.items() for row in _rows(curve, side, name)]
    best, stop = curve.epochs[curve.peak], curve.epochs[curve.stop]
    alt = (
        f"{title}: best abroad after epoch {best} of {curve.epochs[-1]}, {curve.change('Q', curve.peak)} from there on"
    )
    mark, word = (stop, "the rule stops") if chosen is None else (chosen, f"epoch {chosen}")
    base = altair.Chart(altair.Data(values=[{"epoch": mark, "word": word}])).encode(x="epoch:Q")
    rule = base.mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5)
    side = {"align": "left", "dx": 5} if mark < curve.epochs[-1] / 2 else {"align": "right", "dx": -5}
    words = haloed(base.encode(y=altair.value(8), text="word:N"), **side)
    return _lines(rows, title, alt) + rule + words[0] + words[1]


def abroad_chart(curves: Curves, title: str, named: Callable[[str], str] = named) -> altair.LayerChart:
    """SSIM abroad minus that of the end over the epochs, a line each training: above 0 where training on did harm."""
    rows = [row for name, one in curves.items() for row in _rows(one, "Q", named(name))]
    alt = f"{title}: " + "; ".join(
        f"{named(name)} {one.change('Q', one.peak)} from its best" for name, one in curves.items()
    )
    return _lines(rows, title, alt)


def record_curves(curves: Curves) -> None:
    """Write peaks, falls, rises, stops and what stopping brings to `results.json`, one set a training."""
    for name, one in curves.items():
        record(f"peak_{name}", one.epochs[one.peak])
        record(f"stop_{name}", one.epochs[one.stop])
        record_interval(f"fall_{name}", one.change("Q", one.peak))
        record_interval(f"rise_{name}", one.change("P", one.peak))
        record_interval(f"stopped_abroad_{name}", one.gains["Q"][one.epochs[one.stop]])
        record_interval(f"stopped_at_home_{name}", one.gains["P"][one.epochs[one.stop]])


def since_quarter(curve: Curve) -> tuple[float, Interval]:
    """From a quarter of the training to its end: change of the example's SSIM, and of SSIM at home."""
    quarter, example = curve.epochs.index(curve.example_epochs[0]), curve.scores("test Q")
    return example[-1][0] - example[quarter][0], curve.change("P", quarter)


def against(curve: Curve, other: Curve) -> dict[str, Interval]:
    """One training minus another on the same slices: at home both at their ends, abroad both at their best."""
    return {
        "at_home": performance_gap(curve.scores("test P")[-1], other.scores("test P")[-1]),
        "abroad": performance_gap(curve.scores("test Q")[curve.peak], other.scores("test Q")[other.peak]),
    }
