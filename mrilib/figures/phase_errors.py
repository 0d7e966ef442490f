"""An image beside the errors of other phases, drawn inside the outline of the body."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from mrilib.figures.images import BLANK, WHITE, bar
from mrilib.figures.layout import Picture, Tile, compose

LARGEST = np.pi  # error of the phase, in radians, drawn in the brightest colour
LABELS = ("0", "|error|", "π")


def phase_errors(truth: Tensor, images: Mapping[str, Tensor], inside: Tensor, *, title: str, alt: str) -> Picture:
    """Magnitude of the true image, and |arg(x · x̂*)| of other images on a scale from 0 to π.

    Args:
        truth: the true image x, complex, (y, x).
        images: words above it → an image x̂, complex, (y, x). Its median error inside is written below.
        inside: where there is signal, bool, (y, x); its outline is drawn and nothing outside it.
        title: words above the true image.
        alt: what the figure shows, for readers who cannot see it.

    Raises:
        ValueError: `alt` is empty, or nothing is inside.
    """
    within = inside.reshape(inside.shape[-2:]).cpu()
    if not within.any():
        raise ValueError("inside is False everywhere: expected the body")
    edge = outline(within).numpy()
    size = truth.abs().reshape(within.shape).cpu().double().numpy()
    bright = np.round(255 * np.clip(size / (np.quantile(size, WHITE) or 1.0), 0, 1))
    tiles = [Tile(bright.astype(np.uint8), title, " ")]
    for name, image in images.items():
        error = (truth * image.conj()).angle().abs().reshape(within.shape).cpu() * within
        levels = np.round(255 * np.clip(error.double().numpy() / LARGEST, 0, 1))
        median = f"median error {float(error[within].median()):.2f} rad"
        tiles.append(Tile(np.where(edge, 255, levels).astype(np.uint8), name, median, colors="heat"))
    return compose([tiles, [BLANK, bar("heat", LABELS), *[BLANK] * (len(images) - 1)]], alt)


def outline(inside: Tensor) -> Tensor:
    """Pixels of a region, bool, (y, x), at the edge of its hull in rows and columns; holes have no outline."""
    hull = torch.ones_like(inside)
    for axis in (0, 1):
        ahead = inside.int().cummax(axis).values
        behind = inside.flip(axis).int().cummax(axis).values.flip(axis)
        hull &= (ahead * behind).bool()
    padded = torch.nn.functional.pad(hull, (1, 1, 1, 1))
    kernel = padded[2:, 1:-1] & padded[:-2, 1:-1] & padded[1:-1, 2:] & padded[1:-1, :-2]
    return hull & ~kernel
