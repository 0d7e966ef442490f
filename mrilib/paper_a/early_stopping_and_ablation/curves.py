"""Draw three curves of test-time training with marks across them, as SVG that redraws in milliseconds.

`figures.history` draws the same curves for a page, but its compiler is too slow to follow a slider.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from mrilib.figures.history import MOST_POINTS
from mrilib.figures.theme import FONT, INK, METHOD_COLORS, MUTED, PAPER
from mrilib.ttt import History

WIDTH, PANEL, HEAD, FOOT = 660, 84, 26, 46  # CSS pixels
LEFT, RIGHT = 62, 16
LINE = METHOD_COLORS["joint on P + TTT"]
GRID = "#E3E3E3"
DEEPER = 1.2  # of the farthest value that is marked, from the best one: how far the axes of `turning_svg` reach
Limits = tuple[float, float]
HEADINGS = (
    "Training error (relative ℓ1)",
    "Self-validation error (relative ℓ1, held-out measurements)",
    "True SSIM (needs the ground truth)",
)


@dataclass(frozen=True)
class Mark:
    """Vertical line across the panels at an iteration, named or not, with a dot on every curve if it marks an image."""

    iteration: int
    label: str
    color: str = INK
    dot: bool = True
    left: bool | None = None  # whether its name is left of the line; if None, where there is room


def curves_svg(history: History, marks: Sequence[Mark], end: int) -> str:
    """Training error, self-validation error and true SSIM from iteration 0 to `end`, one panel each."""
    curves = (history.train_error, history.validation_error, [*history.score.values()])
    drawn = [(heading, curve, _whole(curve)) for heading, curve in zip(HEADINGS, curves, strict=True)]
    return _svg(drawn, marks, end)


def turning_svg(history: History, marks: Sequence[Mark], end: int) -> str:
    """Self-validation error and true SSIM where they turn: the axes reach little beyond what the dots mark."""
    errors, scores = history.validation_error, [*history.score.values()]
    at = [mark.iteration for mark in marks if mark.dot]
    closer = _close(errors, min(errors), at), _close(scores, max(scores), at)
    drawn = [*zip(HEADINGS[1:], (errors, scores), closer, strict=True)]
    return _svg(drawn, marks, end)


def _whole(curve: Sequence[float]) -> Limits:
    low, high = min(curve), max(curve)
    margin = (high - low or 1.0) / 16
    return low - margin, high + margin


def _close(curve: Sequence[float], best: float, at: Sequence[int]) -> Limits:
    """Limits that hold a curve's best value and those at some iterations; all of the curve where they do not differ."""
    farthest = max((curve[n] for n in at), key=lambda value: abs(value - best), default=best)
    span = farthest - best
    ends = best - span / 4, best + DEEPER * span
    return (min(ends), max(ends)) if span else _whole(curve)


def _svg(drawn: Sequence[tuple[str, Sequence[float], Limits]], marks: Sequence[Mark], end: int) -> str:
    """Panels below each other: a heading, a curve and the limits of its axis."""
    height = len(drawn) * (PANEL + HEAD) + FOOT
    parts = [f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>']
    for row, (heading, curve, limits) in enumerate(drawn):
        parts += _panel(heading, curve, limits, marks, end, HEAD + row * (PANEL + HEAD))
    bottom = height - FOOT
    for tick in ticks(0, end, 6):
        parts.append(_text(_x(tick, end), bottom + 18, f"{tick:g}", "middle"))
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, bottom + 37, "iteration", "middle", 14))
    named = [mark for mark in marks if mark.label]
    parts += [_label(mark, end, HEAD + 15 + 17 * row) for row, mark in enumerate(named)]
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    style = f'font-family="{escape(FONT)}" font-size="13" fill="{INK}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers in [low, high], spaced by 1, 2 or 5 times a power of ten, with at most `most` steps."""
    rough = (high - low) / most * (1 - 1e-9)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _x(iteration: float, end: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * iteration / end


def _panel(
    heading: str, curve: Sequence[float], limits: Limits, marks: Sequence[Mark], end: int, top: float
) -> Iterator[str]:
    low, high = limits

    def y(value: float) -> float:
        return top + PANEL * (high - value) / (high - low)

    yield _text(LEFT, top - 8, heading, "start", 14)
    for tick in ticks(low, high, 5):
        yield f'<path d="M{LEFT} {y(tick):.1f}H{WIDTH - RIGHT}" stroke="{GRID}"/>'
        yield _text(LEFT - 8, y(tick) + 4, f"{tick:g}", "end")
    yield f'<path d="M{LEFT} {top}V{top + PANEL}H{WIDTH - RIGHT}" stroke="{MUTED}" fill="none"/>'
    stride = math.ceil(len(curve) / MOST_POINTS)
    points = " ".join(f"{_x(n, end):.1f},{y(curve[n]):.1f}" for n in range(0, len(curve), stride))
    inside = f'<rect x="{LEFT}" y="{top}" width="{WIDTH - LEFT - RIGHT}" height="{PANEL}"/>'
    yield f'<clipPath id="at{top}">{inside}</clipPath>'
    yield f'<polyline points="{points}" fill="none" stroke="{LINE}" stroke-width="2.5" clip-path="url(#at{top})"/>'
    for mark in marks:
        x, dashed = _x(mark.iteration, end), "" if mark.dot else ' stroke-dasharray="4 3"'
        yield f'<path d="M{x:.1f} {top}v{PANEL}" stroke="{mark.color}" stroke-width="1.5"{dashed}/>'
        if mark.dot:
            yield f'<circle cx="{x:.1f}" cy="{y(curve[mark.iteration]):.1f}" r="5" fill="{mark.color}"/>'


def _label(mark: Mark, end: int, y: float) -> str:
    far = mark.iteration > (0.55 if mark.dot else 0.7) * end  # a stop is drawn right of its image, and so is its label
    far = far if mark.left is None else mark.left
    return _text(_x(mark.iteration, end) + (-8 if far else 8), y, mark.label, "end" if far else "start", 13, mark.color)


def _text(x: float, y: float, words: str, anchor: str, size: int = 13, color: str = INK) -> str:
    """Text with a white halo that separates it from the lines behind."""
    halo = f'stroke="{PAPER}" stroke-width="4" paint-order="stroke" stroke-linejoin="round"'
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}"'
    return f'<text {place} fill="{color}" {halo}>{escape(words)}</text>'
