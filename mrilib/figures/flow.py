"""Steps as pictures: images joined by arrows that carry the names of the operators between them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from mrilib.figures.images import grey_levels
from mrilib.figures.layout import Picture, Tile, compose


@dataclass(frozen=True)
class Step:
    """An image, (y, x) in grey values from 0 to 1, and the arrow that leads to it, if any.

    The first line of the arrow's text, such as a symbol, stands above the arrow, and the others below it.
    """

    image: Tensor
    title: str
    caption: str = ""
    arrow: str = ""


def flow(steps: Sequence[Step], *, alt: str, ncols: int = 3) -> Picture:
    """Steps in the order given, `ncols` side by side, further ones in rows below; `alt` says what the figure shows.

    Raises:
        ValueError: nothing to draw, or an image that is not real and two-dimensional.
    """
    if not steps:
        raise ValueError("steps is empty: nothing to draw")
    tiles = [Tile(_grey(one.image), one.title, one.caption, arrow=one.arrow) for one in steps]
    return compose([tiles[start : start + ncols] for start in range(0, len(tiles), ncols)], alt)


def _grey(image: Tensor) -> np.ndarray:
    if image.is_complex() or image.ndim != 2:
        raise ValueError(f"image is {image.dtype} of shape {tuple(image.shape)}: expected real (y, x)")
    return grey_levels(image.detach().cpu().numpy())
