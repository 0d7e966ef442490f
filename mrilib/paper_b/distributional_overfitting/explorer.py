"""Explorer: choose the epoch of a training; see scores in and out of distribution, and the image if one was kept."""

from functools import partial
from html import escape

import ipywidgets

from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.report import SIDES, STEEP, sides_chart


def epoch_in_words(curve: Curve, epoch: int) -> str:
    """Describe both scores after an epoch, and how far each lies above the score at the end."""
    point = curve.epochs.index(epoch)
    found = [
        f"{name} {curve.mean(side, point)}, minus the end {curve.gains[side][epoch]}" for side, name in SIDES.items()
    ]
    return f"After epoch {epoch}: {'; '.join(found)}"


def _page(curve: Curve, title: str, epoch: int) -> str:
    """HTML with the chart, the epoch marked, the stored image beside it, and the summary below."""
    words = epoch_in_words(curve, epoch)
    chart = picture(sides_chart(curve, title, epoch), words, 560)
    kept = curve.row["examples"].get(str(epoch))
    beside = f"A test slice of Q after epoch {epoch}"
    image = f'<img src="data:image/png;base64,{kept}" alt="{escape(beside)}" width="200">' if kept else ""
    return f"{chart} {image}<p>{escape(words)}. Images were kept for {_listed(curve)}.</p>"


def _listed(curve: Curve) -> str:
    return " and ".join(f"epoch {epoch}" for epoch in curve.row["examples"]) or "no epoch"


def explore_epochs(curve: Curve, title: str, epoch: int) -> ipywidgets.VBox:
    """Explore the scored epochs with a slider; needs a running kernel.

    Args:
        curve: curve of a training.
        title: title of the chart.
        epoch: initial value; the nearest scored epoch is chosen.
    """
    options = [one for one in curve.epochs if one >= min(STEEP, curve.epochs[-1] // 2)]
    slider = ipywidgets.SelectionSlider(options=options, description="epoch", **WIDE)
    slider.value = min(options, key=lambda one: abs(one - epoch))
    return explorer({"epoch": slider}, partial(_page, curve, title), [{"epoch": one} for one in options])
