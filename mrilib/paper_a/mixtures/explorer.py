"""Explorer: vary the share of Q in the training data and see the scores on P and Q, with a slice of each."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import ipywidgets

from mrilib.figures.frame import STYLE, WIDE, explorer, picture
from mrilib.figures.sweep import sweep_chart
from mrilib.figures.tiles import grey_tile, tile_row, white_of
from mrilib.gap import mean_interval
from mrilib.paper_a.mixtures.images import MixtureImages
from mrilib.paper_a.mixtures.report import AXES
from mrilib.paper_a.mixtures.sweep import SIDES, Outcome, Scores, points
from mrilib.paper_a.side_words import side_name, worded

Sweep = Mapping[float, Scores]  # by mixing coefficient


def mixture_in_words(sweep: Sweep, coefficient: float) -> str:
    """Describe the two scores of a mixture, and its gain and cost compared with P alone and Q alone."""
    scores = [f"SSIM on {side} {mean_interval(sweep[coefficient][side])}" for side in SIDES]
    outcome = Outcome(sweep[coefficient], sweep[0.0], sweep[1.0])
    return f"Share of Q {coefficient:g}: {', '.join(scores)}; {outcome}"


def pair_view(images: MixtureImages, sweep: Sweep, coefficient: float) -> str:
    """HTML with the target and reconstruction of a test slice of P and of Q, or how to obtain them."""
    pair, shift = images.pair(coefficient), images.mixtures.experiment.shift
    if pair is None:
        command = f"mrilib run 03 -p shift {shift} -p coefficient {coefficient:g} -p recompute true"
        missing = "The package has neither the network nor the images of this mixture. This command creates them:"
        return f"<p>{missing} <code>{escape(command)}</code></p>"
    tiles = []
    for side, image in pair.items():
        named = side_name(shift, side)
        name, score = f"{named}, share of Q {coefficient:g}", f"SSIM {sweep[coefficient][side][0]:.3f}"
        target = images.target(side)
        white = white_of(target)
        tiles.append(grey_tile(target, white, f"{named}, target", "", f"A test slice of {named}, target"))
        tiles.append(grey_tile(image, white, name, score, f"The same slice of {name}: {score}"))
    return tile_row(tiles)


def _chart(sweep: Sweep, shift: str, coefficient: float, kind: str) -> str:
    """HTML with the chart, the chosen point circled, and the summary below."""
    words = mixture_in_words(sweep, coefficient)
    rows = [{"shift": f"{shift.replace('_', ' ')} ({kind})", **point} for point in points(sweep)]
    axes: dict[str, Any] = {key: worded(shift, title) for key, title in AXES.items()}
    chart = sweep_chart(rows, "shift", "coefficient", **axes, alt=words, chosen=coefficient)
    return f"{picture(chart, words, 330)}<p>{escape(words)}</p>"


def _nearest(options: Sequence[float], wanted: float) -> float:
    return min(options, key=lambda option: abs(option - wanted))


def explore_mixtures(
    sweeps: Mapping[str, Sweep],
    shift: str,
    coefficient: float,
    kind: str,
    images: Mapping[str, MixtureImages] | None = None,
) -> ipywidgets.VBox:
    """Explore the measured mixtures with a list of shifts and a slider; needs a running kernel.

    Args:
        sweeps: for each shift, the scores of each mixture, including both ends.
        shift, coefficient: initial values; the nearest available mixture is chosen.
        kind: "simulated" or "measured", for the title.
        images: images shown below the scores, by shift.

    Raises:
        ValueError: `shift` has no sweep.
    """
    if shift not in sweeps:
        raise ValueError(f"shift {shift!r}: no scores; expected one of {', '.join(sweeps)}")
    pair = ipywidgets.Dropdown(options=list(sweeps), value=shift, description="shift", style=STYLE)
    share = ipywidgets.SelectionSlider(options=sorted(sweeps[shift]), description="share of Q", **WIDE)
    share.value = _nearest(share.options, coefficient)

    def switch(change: Mapping[str, str]) -> None:
        before, options = share.value, sorted(sweeps[change["new"]])
        if options != list(share.options):  # otherwise the view would be rendered three times
            share.options = options
            share.value = _nearest(options, before)

    def page(shift: str, share: float) -> str:
        chart = _chart(sweeps[shift], shift, share, kind)
        return chart + (pair_view(images[shift], sweeps[shift], share) if images else "")

    pair.observe(switch, "value")  # before the view reads both
    ahead = [{"shift": shift, "share": one} for one in share.options]
    return explorer({"shift": pair, "share": share}, page, ahead)
