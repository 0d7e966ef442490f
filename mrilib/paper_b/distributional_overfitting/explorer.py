"""Move the epoch of a training and see what the network scores at home and abroad, and its image where one was kept."""

from functools import partial
from html import escape

import ipywidgets

from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.report import STEEP, sides_chart


def epoch_in_words(curve: Curve, epoch: int) -> str:
    """Both scores after an epoch, and what each is above that of the end."""
    point = curve.epochs.index(epoch)
    home, abroad = (f"{curve.mean(side, point)}, {curve.gains[side][epoch]} over the end" for side in ("P", "Q"))
    return f"After epoch {epoch}: at home {home}; abroad {abroad}"


def _page(curve: Curve, title: str, epoch: int) -> str:
    """The chart with the epoch marked, the kept image beside it and, beneath, the words, as HTML."""
    words = epoch_in_words(curve, epoch)
    chart = picture(sides_chart(curve, title, epoch), words, 560)
    kept = curve.row["examples"].get(str(epoch))
    beside = f"A test slice of Q after epoch {epoch}"
    image = f'<img src="data:image/png;base64,{kept}" alt="{escape(beside)}" width="200">' if kept else ""
    return f"{chart} {image}<p>{escape(words)}. Images were kept of {_listed(curve)}.</p>"


def _listed(curve: Curve) -> str:
    return " and ".join(f"epoch {epoch}" for epoch in curve.row["examples"]) or "no epoch"


def explore_epochs(curve: Curve, title: str, epoch: int) -> ipywidgets.VBox:
    """A slider over the epochs that were scored; needs a kernel.

    Args:
        curve: of a training.
        title: of the chart.
        epoch: where to start; the nearest that was scored.
    """
    options = [one for one in curve.epochs if one >= min(STEEP, curve.epochs[-1] // 2)]
    slider = ipywidgets.SelectionSlider(options=options, description="epoch", **WIDE)
    slider.value = min(options, key=lambda one: abs(one - epoch))
    return explorer({"epoch": slider}, partial(_page, curve, title), [{"epoch": one} for one in options])
