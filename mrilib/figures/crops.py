"""Magnified details: each with a ring around what matters, and a bar of how much of it is left below."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mrilib.figures.images import BLANK
from mrilib.figures.layout import Picture, Ring, Tile, compose

BAR = (6, 100)  # pixels of a bar of shares: height, and width of 100 %
FULL, EMPTY = 60, 225  # grey levels


@dataclass(frozen=True)
class Crop:
    """One detail.

    Args:
        image: real, (y, x), in [0, 1].
        title: above it.
        ring: around what matters, see `layout.Ring`.
        share: per cent drawn as a bar below it, at most the bar's width; None for no bar.
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
        grid.append([Tile(_grey(one.image), one.title, ring=one.ring) for one in row])
        if any(one.share is not None for one in row):
            grid.append([BLANK if one.share is None else _bar(one.share, one.words) for one in row])
    return compose(grid, alt)


def _grey(image: Tensor) -> np.ndarray:
    return np.round(255 * image.detach().cpu().numpy().clip(0, 1)).astype(np.uint8)


def _bar(share: float, words: str) -> Tile:
    """A bar that is full as far as the share goes."""
    height, width = BAR
    level = np.where(np.arange(width) < round(min(max(share, 0), width)), FULL, EMPTY).astype(np.uint8)
    return Tile(np.tile(level, (height, 1)), caption=words, smooth=False)
