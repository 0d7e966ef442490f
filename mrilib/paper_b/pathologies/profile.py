"""Brightness around the middle of one lesion, and how much of the lesion's contrast each network preserves."""

from collections.abc import Mapping
from typing import Any

import altair
import torch
from torch import Tensor

from mrilib.data.annotations import Region
from mrilib.figures.charts import data, finished, spaced
from mrilib.figures.theme import INK, NAMED
from mrilib.paper_b.pathologies.analysis import Lesion
from mrilib.paper_b.pathologies.experiment import contrast
from mrilib.paper_b.pathologies.images import LesionImages
from mrilib.paper_b.pathologies.pictures import kept

WIDTH, HEIGHT = 660, 230  # pixels
FAR, BESIDE = 12, 0.5  # image pixels: the largest distance, and from a curve to its words
LINE = 22  # pixels from one line of words to the next
Row = dict[str, Any]


def profile_chart(images: LesionImages, lesion: Lesion, arms: Mapping[str, str], kind: str) -> altair.LayerChart:
    """Mean brightness by the distance from a lesion's middle, in the target and in reconstructions.

    0 is the mean around the lesion and 100 % is the target's contrast, see `experiment.contrast`. `arms` has words for
    reconstructions by arm, drawn in the arm's colour; beside them is the share of the contrast that is left.
    """
    target, box = images.target(lesion), images.box(lesion)
    made = {"target": (target, INK)}
    made |= {words: (images.reconstruction(arm, lesion), NAMED[arm]) for arm, words in arms.items()}
    curves = {words: profile(image, target, box) for words, (image, _) in made.items()}
    names = [
        {"name": words, "color": color, "words": f"{words}: {kept(target, image, box):.0f} % of the contrast"}
        for words, (image, color) in made.items()
    ]
    names.sort(key=lambda one: -curves[one["name"]][1])
    rows: list[Row] = [one | {"x": at, "y": y} for one in names for at, y in curves[one["name"]].items()]
    levels = [row["y"] for row in rows]
    edge = max(side.stop - side.start for side in box) / 2
    places = spaced([curves[one["name"]][1] for one in names], LINE * (max(levels) - min(levels)) / HEIGHT)
    beside = [one | {"x": edge + BESIDE, "y": at} for one, at in zip(names, places, strict=True)]
    far = altair.Axis(tickCount=FAR // 2, format="d")
    x = altair.X(
        "x:Q", title="distance from the lesion's middle, pixels", axis=far, scale=altair.Scale(domain=[0, FAR])
    )
    y = altair.Y("y:Q", title="brightness, %", axis=altair.Axis(tickCount=5))
    hue = altair.Color("color:N", scale=None)
    lines = altair.Chart(data(rows)).encode(x=x, y=y, color=hue, detail="name:N")
    words = altair.Chart(data(beside)).encode(x=x, y=y, color=hue, text="words:N")
    layers = [
        altair.Chart(data([{"zero": 0}])).mark_rule(color=INK).encode(y=altair.Y("zero:Q", title="brightness, %")),
        lines.mark_line(strokeWidth=3, point={"size": 40, "opacity": 1}),
        words.mark_text(align="left", fontWeight="bold", fontSize=15),
    ]
    title = f"{_in_short([kept(target, image, box) for image, _ in made.values()])} ({kind} data)"
    alt = f"{title}. {'; '.join(one['words'] for one in names)}"
    return finished(altair.layer(*layers), alt, title).properties(width=WIDTH, height=HEIGHT)


def profile(image: Tensor, target: Tensor, box: Region) -> dict[int, float]:
    """Mean brightness at distances of 0, 1, …, FAR pixels from a box's middle, in per cent of the target's contrast.

    0 is left out if the middle lies between pixels.
    """
    middles = [(side.start + side.stop - 1) / 2 for side in box]
    axes = [torch.arange(size) - middle for size, middle in zip(image.shape, middles, strict=True)]
    distance = (axes[0][:, None].square() + axes[1].square()).sqrt().round()
    around = image[box].mean() - contrast(image, box)
    rings = {far: image[distance == far] for far in range(FAR + 1)}
    return {
        far: (100 * (ring.mean() - around) / contrast(target, box)).item() for far, ring in rings.items() if len(ring)
    }


def _in_short(shares: list[float]) -> str:
    """Whether all reconstructions lose contrast, and whether the last one loses less than the one before."""
    _, first, last = shares
    if max(first, last) >= 100:
        return "What remains of one lesion's contrast"
    return "Both networks dim this lesion" + ("; the one that has seen lesions dims it less" if last > first else "")
