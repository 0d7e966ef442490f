"""The stopping explorer where no kernel runs: images before, at and long after the stop, and the curves around it."""

import base64
import math
from collections.abc import Iterable
from html import escape

from mrilib.figures.frame import picture
from mrilib.figures.layout import Picture
from mrilib.figures.sentences import number
from mrilib.figures.theme import MUTED
from mrilib.paper_a.early_stopping_and_ablation.curves import WIDTH, Mark, turning_svg
from mrilib.paper_a.early_stopping_and_ablation.film import Film
from mrilib.paper_a.early_stopping_and_ablation.rules import Rule, stopping_point
from mrilib.ttt import History

SMALL = 156  # CSS pixels; four images side by side are as wide as the curves


def still(film: Film, rule: Rule, window: int, kind: str) -> str:
    """Target and the images of the first, the returned and the last iteration above the curves that decide, as HTML.

    Of the returned and of the last iteration, the nearest images of the film are shown.

    Args:
        film: recording of a run, with at least one frame.
        rule, window: the stopping rule, see `rules.stopping_point`.
        kind: "simulated" or "measured".
    """
    history, end = film.history, len(film.steps) - 1
    point = stopping_point(history, rule, window)
    near = _nearest(film, point)
    returned = "the image returned" if near == point else "close to the image returned"
    names = {film.last: "without stopping", near: returned, 0: "before TTT"}
    tiles = [(film.target, f"target ({kind})", "")]
    tiles += [
        (film.frames[n].image, f"{name}: iteration {n}, SSIM {number(history.score[n])}", "")
        for n, name in sorted(names.items())
    ]
    told = message(history, rule, window)
    best = stopping_point(history, "oracle", window)
    marks = [Mark(point, f"returned: {point}", left=point < best), Mark(end, "")]
    marks += [Mark(best, f"best: {best}", MUTED, left=best < point)] if best != point else []
    alt = f"Error on held-out measurements and true SSIM by iteration. {told}; best image at iteration {best}"
    curves = curves_image(turning_svg(history, marks, max(film.planned - 1, 1)), alt)
    return f"<p><b>{escape(told)} (one {kind} slice)</b></p>{image_row(tiles, SMALL)}{curves}"


def message(history: History, rule: Rule, window: int) -> str:
    """What is lost in SSIM, relative to the best image, with the rule and without stopping."""
    scores = [*history.score.values()]
    best = max(scores)
    lost = best - history.score[stopping_point(history, rule, window)]
    within = number(math.ceil(round(1000 * lost, 6)) / 1000)
    return f"The rule stops within {within} of the best SSIM; without stopping, {number(best - scores[-1])} is lost"


def image_row(named: Iterable[tuple[bytes, str, str]], width: int) -> str:
    """PNGs side by side, each with words below that are also its alt text, and HTML below those."""
    figures = (
        f'<figure style="margin: 0; max-width: {width}px">{picture(Picture(png, alt, width), alt, width)}'
        f"<figcaption>{escape(alt)}{below}</figcaption></figure>"
        for png, alt, below in named
    )
    return f'<div style="display: flex; flex-wrap: wrap; gap: 12px; line-height: 1.4">{"".join(figures)}</div>'


def curves_image(svg: str, alt: str) -> str:
    """Curves as an HTML image with its alt text."""
    source = f"data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"
    return f'<img data-chart src="{source}" alt="{escape(alt)}" style="width: {WIDTH}px; max-width: 100%">'


def _nearest(film: Film, iteration: int) -> int:
    return min(film.frames, key=lambda n: abs(n - iteration))
