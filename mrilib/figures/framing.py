"""The part of a slice that shows the body: images cropped to it are drawn larger."""

from collections.abc import Mapping

import torch
from torch import Tensor

from mrilib.figures.images import WHITE

DIM, MARGIN = 0.2, 0.05  # brightness of the body's edge relative to white; room around the body relative to its size


def body(target: Tensor) -> tuple[slice, slice]:
    """Rows and columns of the square around the body, which is brighter than `DIM` times white.

    Args:
        target: real, (..., y, x); leading axes of length 1.

    Raises:
        ValueError: nothing is bright.
    """
    plane = target.reshape(target.shape[-2:])
    bright = plane > DIM * plane.flatten().quantile(WHITE)
    if not bright.any():
        raise ValueError("target has no bright pixels: nothing to frame")
    places = [torch.nonzero(bright.any(axis)).flatten().tolist() for axis in (1, 0)]
    side = max(found[-1] + 1 - found[0] for found in places)
    side = min(round(side * (1 + 2 * MARGIN)), *plane.shape)
    starts = [(found[0] + found[-1] + 1 - side) // 2 for found in places]
    starts = [min(max(start, 0), size - side) for start, size in zip(starts, plane.shape, strict=True)]
    rows, columns = (slice(start, start + side) for start in starts)
    return rows, columns


def framed(target: Tensor, images: Mapping[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
    """Crop a target and images of its shape to its body, see `body`; the names are kept."""
    rows, columns = body(target)
    return target[..., rows, columns], {name: image[..., rows, columns] for name, image in images.items()}
