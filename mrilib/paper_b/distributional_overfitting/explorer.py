"""Explorer: choose an epoch of a training run to see scores in and out of distribution and the image, if kept."""

from functools import partial
from html import escape

import ipywidgets

from mrilib.figures.charts import WIDTH
from mrilib.figures.frame import WIDE, explorer, picture
from mrilib.figures.sentences import measured, number
from mrilib.gap import performance_gap
from mrilib.paper_b.distributional_overfitting.experiment import Curve
from mrilib.paper_b.distributional_overfitting.report import SIDES, STEEP
from mrilib.paper_b.distributional_overfitting.since import sides_since

BESIDE = 200  # CSS pixels of the image beside the chart
AROUND = {"left": 12, "top": 12, "bottom": 12, "right": 60}  # pixels; a wider font may replace that of the names


def epoch_in_words(curve: Curve, epoch: int) -> str:
    """Describe both scores after an epoch, and the change since the epoch that is best out of distribution."""
    point = curve.epochs.index(epoch)
    found = []
    for side, name in SIDES.items():
        scores = curve.scores(f"test {side}")
        change = measured(performance_gap(scores[point], scores[curve.peak]), signed=True)
        found.append(f"{name} {curve.mean(side, point)}, change since epoch {curve.epochs[curve.peak]} {change}")
    return f"After epoch {epoch}: {'; '.join(found)}"


def _page(curve: Curve, kind: str, epoch: int) -> str:
    """HTML with the chart, the epoch marked, the stored image beside it, and the summary below."""
    words = epoch_in_words(curve, epoch)
    drawn = sides_since(curve, kind, epoch).properties(padding=AROUND)
    chart = picture(drawn, words, WIDTH - BESIDE)
    kept = curve.row["examples"].get(str(epoch))
    image = _captioned(curve, epoch, kept) if kept else ""
    return f"{chart} {image}<p>{escape(words)}. Images were kept for {_listed(curve)}.</p>"


def _captioned(curve: Curve, epoch: int, png: str) -> str:
    """The stored image of the first test slice of Q, base64 PNG, above its epoch and SSIM."""
    ssim = number(curve.scores("test Q")[curve.epochs.index(epoch)][0])
    image = f'<img src="data:image/png;base64,{png}" alt="A test slice of Q after epoch {epoch}" width="{BESIDE}">'
    style = f"display: inline-block; width: {BESIDE}px; margin: 0; text-align: center"
    return f'<figure style="{style}">{image}<figcaption>epoch {epoch}, SSIM {ssim}</figcaption></figure>'


def _listed(curve: Curve) -> str:
    return " and ".join(f"epoch {epoch}" for epoch in curve.row["examples"]) or "no epoch"


def explore_epochs(curve: Curve, kind: str, epoch: int) -> ipywidgets.VBox:
    """Explore the scored epochs with a slider; needs a running kernel.

    Args:
        curve: curve of a training run.
        kind: what the data are, for the title: "simulated" or "real".
        epoch: initial value; the nearest scored epoch is chosen.
    """
    options = [one for one in curve.epochs if one >= min(STEEP, curve.epochs[-1] // 2)]
    slider = ipywidgets.SelectionSlider(options=options, description="epoch", **WIDE)
    slider.value = min(options, key=lambda one: abs(one - epoch))
    ahead = [{"epoch": one} for one in options]
    still = f"<p>{escape(epoch_in_words(curve, slider.value))}.</p>"  # the chart stands above
    return explorer({"epoch": slider}, partial(_page, curve, kind), ahead, still)
