"""How much of the contrast of small lesions is left: one lesion as an example, and all of them together."""

import base64
from collections.abc import Mapping
from typing import Any

import altair
import torch
from torch import Tensor
from torch.nn import functional

from mrilib.data.annotations import Region
from mrilib.figures.charts import data, finished, tooltip
from mrilib.figures.images import grey_levels
from mrilib.figures.layout import SHARPNESS, Ring, png_bytes
from mrilib.figures.sentences import percent, verdict
from mrilib.figures.theme import INK, MUTED, NAMED, PAPER, finite
from mrilib.gap import Interval
from mrilib.paper_b.pathologies.analysis import Lesion, contrast_kept, lesions
from mrilib.paper_b.pathologies.images import LesionImages
from mrilib.paper_b.pathologies.pictures import CLEAR, about, kept, ring, white_of
from mrilib.paper_b.study import Study

PLOT, ROW, CROP, HEAD = 240, 92, 84, 260  # pixels: the plot's width, a row's height, and the sides of the images
WORDS, CROPS, HEADS = -136, -234, -506  # pixels from the plot to each column on its left
UP, ASIDE, LINE = -20, -10, 17  # pixels from a dot to the words above and beside it, and between two lines
STROKE = 3  # pixels of a drawn image: width of a ring
EVERYTHING = "fully sampled"
FULL = 110.0  # per cent at the end of the axis, if no value lies beyond
Row = dict[str, Any]


def dimmed_chart(
    study: Study, images: LesionImages, lesion: Lesion, arms: Mapping[str, str], over: str, kind: str
) -> altair.LayerChart:
    """One lesion, magnified, in the target and in reconstructions; beside them, the contrast kept in all small lesions.

    Args:
        study: scores of all lesions.
        images: targets and reconstructions.
        lesion: the example.
        arms: words for two networks by arm, of two lines each.
        over: arm with as many training slices as the second of them, which is subtracted from it.
        kind: what the data are.
    """
    _, other = arms
    left = {arm: contrast_kept(study, arm, "small") for arm in arms}
    by, count = contrast_kept(study, other, "small", over=over), len(lesions(study, other, "small"))
    target, box = images.target(lesion), images.box(lesion)
    rows = [_row(EVERYTHING, INK, target, target, box, None)]
    for arm, words in reversed(list(arms.items())):
        rows.append(_row(words, NAMED[arm], images.reconstruction(arm, lesion), target, box, left[arm]))
    title = f"{in_short(left, by)} ({kind} data)"
    told = "; ".join(
        f"{' '.join(row['words'].splitlines())}: {row['label']}, {row['shown']:.0f} % in the lesion shown"
        for row in rows[1:]
    )
    alt = f"{title}. Contrast kept in all {count} small lesions: {told}. {_lead(by, count)}"
    return finished(altair.layer(*_layers(rows, target, box, count)), alt, title).properties(
        width=PLOT, height=ROW * len(rows)
    )


def at_equal_slices(study: Study, arm: str, over: str) -> str:
    """How much more contrast of all small lesions a network keeps than one trained on as many slices without lesions.

    Args:
        study: scores of all lesions.
        arm: network that saw lesions.
        over: network trained on as many slices, see `experiment.MORE`.
    """
    return _lead(contrast_kept(study, arm, "small", over=over), len(lesions(study, arm, "small")))


def _lead(by: Interval, count: int) -> str:
    points = Interval(100 * by.value, 100 * by.low, 100 * by.high, by.n, by.trainings)
    of = f"of the contrast of all {count} small lesions"
    kept = verdict(
        points,
        f"{{}} percentage points more {of} than",
        f"{{}} percentage points less {of} than",
        f"about as much {of} ({{}} percentage points) as",
        1,
    )
    return (
        f"The network that saw lesions keeps {kept} one "
        "trained on as many slices of healthy heads alone (paired by lesion, with an interval over heads)."
    )


def in_short(left: Mapping[str, Interval], by: Interval) -> str:
    """Whether the networks dim small lesions, and whether one that saw lesions dims them less; `by` is its lead."""
    if any(found.high >= 1 for found in left.values()):
        return "What is left of the contrast of small lesions"
    but = ", but less so if also trained on lesions" if by.low > 0 else ""
    return f"Networks dim small lesions{but}"


def _row(words: str, color: str, image: Tensor, target: Tensor, box: Region, found: Interval | None) -> Row:
    """A line of the chart: a close-up, its words, the contrast left in it, and in all lesions, in %."""
    near, dark, white = about(target, box)
    close = _address((image[near] - dark) / (white - dark), CROP, ring(box, near, CLEAR))
    row: Row = {"words": words, "color": color, "close": close, "shown": kept(target, image, box)}
    if found is None:
        return row | {"value": 100.0, "low": None, "high": None, "label": "100 %"}
    low, high = (finite(100 * end) for end in (found.low, found.high))
    return row | {"value": 100 * found.value, "low": low, "high": high, "label": percent(found)}


def _address(image: Tensor, width: int, mark: Ring) -> str:
    """PNG of a square image in [0, 1], (y, x), drawn smoothly with its ring, as the address of an image mark."""
    side, (across, down, radius) = SHARPNESS * width, mark
    smooth = functional.interpolate(image[None, None], size=(side, side), mode="bicubic")[0, 0].clamp(0, 1)
    places = (torch.arange(side) + 0.5) / side
    far = ((places[:, None] - down).square() + (places - across).square()).sqrt()
    drawn = (STROKE / 2 + 0.5 - side * (far - radius).abs()).clamp(0, 1)
    pixels = grey_levels((smooth + drawn).clamp(0, 1).cpu().numpy())
    return f"data:image/png;base64,{base64.b64encode(png_bytes(pixels)).decode()}"


def _layers(rows: list[Row], target: Tensor, box: Region, count: int) -> list[altair.Chart]:
    """The head, and line by line the close-up its words, and its dots."""
    y = altair.Y("words:N", sort=None, axis=None, scale=altair.Scale(type="band"))
    base = altair.Chart(data(rows)).encode(y=y, tooltip=tooltip("words", "value", "low", "high", "shown"))
    axis = altair.Axis(tickCount=5, grid=True)
    x_title = f"contrast kept in all {count} small lesions, %"
    x = altair.X("value:Q", title=x_title, axis=axis, scale=altair.Scale(domain=_reach(rows), nice=False))
    hue = altair.Color("color:N", scale=None)
    networks = base.transform_filter("isValid(datum.low)")
    close = base.mark_image(width=CROP, height=CROP, align="left").encode(x=altair.value(CROPS), url="close:N")
    layers = [_head(target, box), close]
    layers += [
        base.mark_text(align="left", fontWeight="bold", lineBreak="\n", lineHeight=LINE).encode(
            x=altair.value(WORDS), text="words:N", color=hue
        ),
        networks.mark_rule(strokeWidth=3).encode(x=altair.X("low:Q", title=x_title), x2="high:Q", color=hue),
        base.mark_point(filled=True, size=120, opacity=1).encode(x=x, color=hue),
        base.mark_text(dy=UP, fontWeight="bold").encode(x=x, text="label:N", color=hue),
        networks.mark_point(size=70, strokeWidth=2, fill=PAPER, opacity=1).encode(
            x=altair.X("shown:Q", title=x_title), color=hue
        ),
        networks.mark_text(align="right", dx=ASIDE, color=MUTED).encode(
            x=altair.X("shown:Q", title=x_title), text=altair.value("this lesion")
        ),
    ]
    return layers


def _reach(rows: list[Row]) -> list[float]:
    """The ends of the axis: at least 0 and `FULL`, and further where a value, an interval or a single lesion is."""
    drawn = [row[key] for row in rows for key in ("value", "low", "high", "shown") if row[key] is not None]
    return [min(0.0, *drawn), max(FULL, *drawn)]


def _head(target: Tensor, box: Region) -> altair.Chart:
    """The whole head with a ring around the lesion, at the left."""
    whole = (slice(0, target.shape[0]), slice(0, target.shape[1]))
    head = _address(target / white_of(target), HEAD, ring(box, whole, 2 * CLEAR))
    base = altair.Chart(data([{"head": head}])).mark_image(width=HEAD, height=HEAD, align="left", baseline="top")
    return base.encode(x=altair.value(HEADS), y=altair.value(1.5 * ROW - HEAD / 2), url="head:N")
