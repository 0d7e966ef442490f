"""Common style of all figures: colours, fonts, and an Altair renderer that needs no network."""

import base64
import io
import math
import re
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

import altair as alt
import vl_convert
from PIL import Image

from mrilib.figures.layout import FONT, INK, MUTED, PAPER

# Found by search: every colour has contrast >= 3 on white, and every pair is distinct (CIE76 >= 14) for trichromats
# and under simulated protanopia, deuteranopia and tritanopia. The hue shows what a network was trained on; its
# "+ TTT" is a darker shade.
METHOD_COLORS: dict[str, str] = {
    "zero-filled": "#6D6E6D",
    "CG-SENSE": "#17191B",
    "ℓ1-wavelet": "#7F613D",
    "un-trained network": "#999144",
    "supervised on P": "#C78009",
    "supervised on Q": "#BD7AB0",
    "supervised on P + TTT": "#9D3206",
    "supervised on Q + TTT": "#540F6A",
    "joint on P": "#2296E7",
    "joint on Q": "#659B75",
    "joint on P + TTT": "#295FDD",
    "joint on Q + TTT": "#1C3B1C",
    "joint on P + TTT, no early stopping": "#1F5E72",
}
METHOD_ORDER: tuple[str, ...] = tuple(METHOD_COLORS)
# Further methods with colours of their own, and other words for a known method, which share its colour.
OTHER_COLORS: dict[str, str] = {
    "two-head on P + TTT": "#B25FD0",
    "two-head on Q": "#8A5CF0",
    "two-head on Q + TTT": "#3C2C90",
    "CycleU-Net on P + TTT": "#E0654A",
    "CycleU-Net on Q + TTT": "#7A1030",
    "affine-only on P + TTT": "#648200",
    "affine-only on Q + TTT": "#3F5200",
    "ZS-SSL from P": "#E0654A",
    "ZS-SSL from Q": "#7A1030",
    "unrolled, supervised on P": "#648200",
    "unrolled, supervised on Q": "#3F5200",
    "ConvDecoder": "#D6246E",
    "diverse": "#00938A",
    "diverse, few slices": "#00524D",
    "best of P": "#7A1030",
}
SAME_AS: dict[str, tuple[str, ...]] = {
    "supervised on P": (
        "P",
        "trained on P",
        "in distribution (P)",
        "SSIM on P",
        "healthy heads (P)",
        "one knee",
        "gap before TTT",
        "better fastMRI network",
        "all of P",
        "all datasets of P",
        "training slices of P",
    ),
    "supervised on Q": (
        "Q",
        "trained on Q",
        "out of distribution (Q)",
        "SSIM on Q",
        "test distribution",
        "its own network",
        "training slices of Q",
    ),
    "joint on P": ("before TTT",),
    "joint on P + TTT": (
        "trained on P + TTT",
        "after TTT on one measurement",
        "gap after TTT",
        "TTT",
        "trained on P, then TTT",
        "from joint training",
    ),
    "supervised on P + TTT": ("from supervised-only training",),
    "un-trained network": ("from random weights",),
    "diverse": (
        "P and Q",
        "all datasets of P and Q",
        "trained on P and Q",
        "heads with and without lesions (P and Q)",
        "the collection",
        "13 datasets",
        "diversity",
        "network trained on both",
    ),
    "best of P": ("one part of P", "the best single dataset of P"),
    "diverse, few slices": (
        "half of P and Q",
        "trained on half of P and Q",
        "network trained on half of both (as many slices as a specialist)",
        "13 datasets, as few slices as one dataset",
    ),
}
NAMED = METHOD_COLORS | OTHER_COLORS
NAMED |= {other: NAMED[method] for method, others in SAME_AS.items() for other in others}
# For everything that is not a method: none of these is a method's colour, and the last ones, those of training sets in
# paper B, serve only where the others are used up.
SERIES_COLORS: tuple[str, ...] = (
    "#8A5CF0",
    "#648200",
    "#D6246E",
    "#3C2C90",
    "#E0654A",
    "#B25FD0",
    "#00938A",
    "#7A1030",
)

WORDED = re.compile(r"(?:(?<= on )|^(?!.* on ))[^()]* \(([PQ])\)")  # "knees (P)" in a name, which stands for "P"
FAINT = "#9A9A9A"  # of what is not emphasised
PNG_SCALE = 1.5
FEW_TICKS = 10  # on a logarithmic axis; more labels would collide


def ordered(names: Iterable[str]) -> list[str]:
    """Distinct names: known methods first, in the order of `METHOD_ORDER`, then the others in order of appearance."""
    places = {name: place for place, name in enumerate(METHOD_ORDER)}
    return sorted(dict.fromkeys(names), key=lambda name: places.get(WORDED.sub(r"\1", name), len(places)))


def colors_of(names: Iterable[str]) -> list[str]:
    """One colour per name: that of the method it stands for or, for other names, the next unused series colour.

    "P: T2 brain" and "T2 brains (P)" stand for "P", "joint on knees (P)" for "joint on P". Two names for one method in
    one chart are told apart: the second counts as another method.
    """
    names, chosen = list(names), dict[str, str]()
    for name in names:
        known = NAMED.get(name) or NAMED.get(WORDED.sub(r"\1", name.partition(":")[0]))
        if known and known not in chosen.values():
            chosen[name] = known
    spare = cycle([color for color in SERIES_COLORS if color not in chosen.values()])
    for name in dict.fromkeys(names):
        chosen[name] = chosen.get(name) or next(spare)
    return [chosen[name] for name in names]


def hues(names: Sequence[str], emphasised: Sequence[str] | None = None) -> alt.Scale:
    """Colours of methods; those that are not emphasised are grey."""
    found = zip(names, colors_of(names), strict=True)
    return alt.Scale(
        domain=list(names),
        range=[color if emphasised is None or name in emphasised else FAINT for name, color in found],
    )


@alt.theme.register("mrilib", enable=False)
def theme() -> alt.theme.ThemeConfig:
    """Theme with an opaque white background, so that figures look the same in JupyterLab's light and dark themes."""
    text = {"labelFont": FONT, "titleFont": FONT, "labelColor": INK, "titleColor": INK, "labelLimit": 0}
    axis = {**text, "labelFontSize": 13, "titleFontSize": 14, "titleFontWeight": "normal"}
    legend = {**text, "labelFontSize": 13, "titleFontSize": 13, "symbolStrokeWidth": 2.5, "columnPadding": 20}
    lines = {"gridColor": "#E3E3E3", "domainColor": MUTED, "tickColor": MUTED}
    config: Any = {
        "background": PAPER,
        "padding": 12,
        "font": FONT,
        "axis": {**axis, **lines, "titlePadding": 8, "labelFlush": False},
        "axisQuantitative": {"labelOverlap": "parity", "labelSeparation": 6},  # what is left out keeps even steps
        "header": {**text, "labelFontSize": 14},  # without a colour JupyterLab's light theme leaves it white
        "legend": legend,
        "title": {"font": FONT, "color": INK, "fontSize": 16, "anchor": "start", "offset": 10},
        "text": {"font": FONT, "fontSize": 13, "color": INK},
        "mark": {"color": SERIES_COLORS[0]},
        "line": {"strokeWidth": 2.5},
        "view": {"stroke": None},
        "range": {"category": list(SERIES_COLORS)},
    }
    return {"config": config}


VEGA_LITE = ".".join(alt.SCHEMA_VERSION.removeprefix("v").split(".")[:2])


def chart_png(spec: dict[str, Any], scale: float = PNG_SCALE) -> bytes:
    """PNG of a Vega-Lite specification as written by this Altair, drawn without a browser."""
    drawn = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=scale)
    smaller = io.BytesIO()
    Image.open(io.BytesIO(drawn)).convert("RGB").save(smaller, "PNG")
    return smaller.getvalue()


def _mimebundle(spec: dict[str, Any], **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    png, text = chart_png(spec), spec.get("description", "chart")
    width, height = (round(side / PNG_SCALE) for side in Image.open(io.BytesIO(png)).size)
    # JupyterLab knows Vega-Lite up to v5; the schema address is an identifier and is never fetched.
    portable = {
        **spec,
        "$schema": "https://vega.github.io/schema/vega-lite/v5.20.1.json",
        "usermeta": {"embedOptions": {"renderer": "svg", "actions": False}},  # its menu has no name for screen readers
    }
    bundle = {
        "application/vnd.vegalite.v5+json": portable,
        "image/png": base64.b64encode(png).decode(),
        "text/plain": text,
    }
    return bundle, {"image/png": {"alt": text, "width": width, "height": height}}


def enable() -> None:
    """Draw every Altair chart of this process in the companion's theme and without network requests."""
    alt.renderers.register("mrilib", _mimebundle)
    alt.renderers.enable("mrilib")
    alt.theme.enable("mrilib")


def finite(value: Any) -> float | None:
    """Convert `value` to float, or to None, which JSON can represent, if it is missing or not finite."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else None


def log_ticks(places: Iterable[float]) -> list[float]:
    """The measured values, if they are few, or else 1, 2, 5, 10, … within their range."""
    measured = sorted(set(places))
    if len(measured) <= FEW_TICKS:
        return measured
    decades = range(math.floor(math.log10(measured[0])), math.ceil(math.log10(measured[-1])) + 1)
    round_ones = [digit * 10.0**decade for decade in decades for digit in (1, 2, 5)]
    return [tick for tick in round_ones if measured[0] <= tick <= measured[-1]]


def with_intervals(layer: alt.Chart, records: list[dict[str, Any]], low: str = "low") -> list[alt.Chart]:
    """The layer of the intervals, or no layer if no record has one: screen readers would announce an empty mark."""
    return [layer] if any(finite(record.get(low)) is not None for record in records) else []
