"""Magnified details: each with a ring around what matters, and a bar of how much of it is left below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mrilib.figures.images import BLANK, grey_levels
from mrilib.figures.layout import Picture, Ring, Tile, compose

BAR = np.full((6, 100), 255, np.uint8)  # reserves the space of a bar


@dataclass(frozen=True)
class Crop:
    """One detail.

    Args:
        image: real, (y, x), in [0, 1].
        title: above it.
        ring: around what matters, see `layout.Ring`.
        share: per cent, drawn as a bar below it; None for no bar.
        words: below the bar.
    """

    image: Tensor
    title: str
    ring: Ring | None = None
    share: float | None = None
    words: str = ""


def crops(rows: Sequence[Sequence[Crop]], *, alt: str) -> Picture:
    """Rows of details with their rings, and the bars of each row below it.

    Raises:
        ValueError: `alt` is empty.
    """
    grid = []
    for row in rows:
        grid.append([Tile(grey_levels(one.image.detach().cpu().numpy()), one.title, ring=one.ring) for one in row])
        if any(one.share is not None for one in row):
            grid.append(
                [BLANK if one.share is None else Tile(BAR, caption=one.words, share=one.share / 100) for one in row]
            )
    return compose(grid, alt)
