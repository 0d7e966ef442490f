"""Drawing of the subspace model in the plane: a signal on a line, noisy measurements, and estimates of one of them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import altair
import torch
from torch import Tensor

from mrilib.figures.charts import finished, haloed
from mrilib.figures.theme import INK, MUTED, PAPER, colors_of
from mrilib.subspace import SubspaceModel, best_alpha, denoise, seeded

TILT, SIGNAL, CLOUD = math.radians(25), 1.5, 250  # of the drawing: angle of the subspace, ‖x‖, measurements
LEFT, BOTTOM, WIDE = -0.35, -0.5, 4.1  # and its part of the plane
DRAWING = (395, 265)  # CSS pixels of one panel
ASIDE = 0.07  # distance of an arrow from the line of the subspace
SIDES = ((8, 18), (-10, -14), (12, -8), (6, 22))  # pixels from the marks of a panel to their names
DOWN, LOWER = -0.2, 0.3  # height of the lowest name of an estimate, and from one to the next
AXIS = torch.tensor([[math.cos(TILT)], [math.sin(TILT)]], dtype=torch.float64)  # the subspace of the drawing


def subspace_drawing(sigma: float, varsigma: float) -> altair.HConcatChart:
    """Draw the model in the plane: a signal on a line, its measurements on P and on Q, and the estimates of one.

    The one measurement is off by a standard deviation along the line and across it. Source: paper A, §6.
    """
    panels = [_plane(f"P, training: noise level {sigma:g}", sigma, {"trained on P": sigma})]
    both = {"trained on P": sigma, "trained on Q": varsigma}
    panels += [_plane(f"Q, test: noise level {varsigma:g}", varsigma, both)]
    more, shrinkage = ("More", "more") if varsigma > sigma else ("Less", "less")
    best = [
        f"α = {_shrinkage(level):.2f} is best on {side}" for side, level in zip("PQ", (sigma, varsigma), strict=True)
    ]
    title = f"{more} noise, {shrinkage} shrinkage: {', '.join(best)}"
    alt = f"{title}. A line, a signal on it, and noisy measurements around it, for noise of {sigma:g} and {varsigma:g}"
    drawing = altair.hconcat(*panels, spacing=24).resolve_scale(color="independent", shape="independent")
    return finished(drawing, alt, title)


def _shrinkage(noise: float) -> float:
    return float(best_alpha(AXIS, SubspaceModel(AXIS, noise)))


def _plane(title: str, noise: float, estimators: Mapping[str, float]) -> altair.LayerChart:
    """One panel of `subspace_drawing`: the way of one measurement, projected onto the line and then shrunk along it."""
    along = AXIS[:, 0]
    across = torch.stack([-along[1], along[0]])
    x = SIGNAL * along
    y = x + noise * (along + across)
    projected = along * (along @ y)
    cloud = x + noise * torch.randn(CLOUD, 2, generator=seeded(0), dtype=torch.float64)
    places = {"0": 0 * x, "signal x": x, "measurement y": y, "projection": projected}
    estimates = {
        f"{name}: α = {_shrinkage(level):.2f}": denoise(torch.tensor(_shrinkage(level)), AXIS, y)
        for name, level in estimators.items()
    }
    hues = dict(zip(estimates, colors_of(list(estimators)), strict=True))
    layers = [
        _drawn([_at(point) for point in cloud]).mark_point(filled=True, size=14, color=MUTED, opacity=0.22, clip=True),
        _drawn([_at(end * along) for end in (-WIDE, WIDE)]).mark_line(color=INK, strokeWidth=1.2, clip=True),
        _drawn([_at(y), _at(projected)]).mark_line(color=MUTED, strokeDash=[5, 3], strokeWidth=2),
    ]
    for row, (name, place) in enumerate(estimates.items()):
        layers += _estimate(name, place, projected, across, row, len(estimates), hues[name])
    names = zip(places.items(), SIDES, ("cross", "circle", "circle", "cross"), (INK, INK, MUTED, MUTED), strict=True)
    for (name, place), (dx, dy), shape, hue in names:
        mark, align = _drawn([_at(place) | {"name": name}]), "right" if dx < 0 else "left"
        layers += [mark.mark_point(filled=True, shape=shape, size=150, opacity=1, color=hue, stroke=PAPER)]
        layers += haloed(mark.encode(text="name:N"), align=align, dx=dx, dy=dy)
    panel: Any = altair.layer(*layers)
    return panel.properties(width=DRAWING[0], height=DRAWING[1], title=title)


def _estimate(
    name: str, place: Tensor, start: Tensor, across: Tensor, row: int, rows: int, hue: str
) -> list[altair.Chart]:
    """An arrow beside the line from the projection to its shrunk estimate, a mark there, and its name below."""
    aside = ASIDE * (1 - 2 * row) * across
    below = torch.tensor([float(place[0]), DOWN + LOWER * (rows - 1 - row)], dtype=torch.float64)
    words = _drawn([_at(below) | {"name": name}]).encode(text="name:N")
    style: dict[str, Any] = {"align": "left", "dx": -4, "dy": 10, "fontWeight": "bold"}
    return [
        _drawn([_at(place), _at(below)]).mark_line(color=hue, strokeWidth=1),
        _drawn([_at(start + aside), _at(place + aside)]).mark_line(color=hue, strokeWidth=4),
        _drawn([_at(place)]).mark_point(filled=True, shape="diamond", size=190, opacity=1, color=hue, stroke=PAPER),
        words.mark_text(stroke=PAPER, strokeWidth=4, **style),
        words.mark_text(color=hue, **style),
    ]


def _drawn(rows: Sequence[Mapping[str, Any]]) -> altair.Chart:
    """Points of the plane, without axes, at the same scale in both directions."""
    top = BOTTOM + WIDE * DRAWING[1] / DRAWING[0]
    x = altair.X("x:Q", scale=altair.Scale(domain=[LEFT, LEFT + WIDE], nice=False), axis=None)
    y = altair.Y("y:Q", scale=altair.Scale(domain=[BOTTOM, top], nice=False), axis=None)
    return altair.Chart(altair.Data(values=list(rows))).encode(x=x, y=y)


def _at(place: Tensor) -> dict[str, float]:
    return {"x": float(place[0]), "y": float(place[1])}
