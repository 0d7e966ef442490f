"""Images inside explorers: bare PNGs side by side with text as HTML, many times faster than a drawn picture."""

import base64
import io
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image
from torch import Tensor

from mrilib.figures.images import WHITE, image_png
from mrilib.figures.layout import MAGMA, MUTED, checked_alt, palette, png_bytes

WIDTH = 190  # CSS pixels of a tile; four fit JupyterLab's output area at 1280
LEAST = 140  # CSS pixels of a tile where there is less room, as on a page of the site
TILE = f"margin: 0; flex: 1 1 {LEAST}px; max-width: {WIDTH}px"  # style of a tile in a `tile_row`
FACTOR = 5.0  # scale factor of error maps


def grey_tile(image: Tensor, white: float, title: str, caption: str, alt: str) -> str:
    """A magnitude image, (y, x) real, in the grey window [0, white], as HTML.

    Raises:
        ValueError: a complex or non-finite image, a window that is not positive, or an empty alt text.
    """
    return _tile(image_png(image, white), title, escape(caption), alt)


def error_tile(target: Tensor, image: Tensor, white: float, alt: str) -> str:
    """Error map FACTOR · |image − target| in the window [0, white], both (y, x) real, as HTML; errors as above."""
    return _tile(error_png(target, image, white), f"|error| ×{FACTOR:g}", error_scale(), alt)


def error_png(target: Tensor, image: Tensor, white: float) -> bytes:
    """Bare PNG of an error map as in `error_tile`; errors as in `grey_tile`."""
    heat = Image.open(io.BytesIO(image_png((image - target).abs(), white / FACTOR)))
    return png_bytes(np.asarray(heat), palette("heat", 256))


def error_scale() -> str:
    """Bar of an error map's colours as HTML, with its ends in units of white, to be placed below the map."""
    colours = ", ".join(f"#{code}" for code in MAGMA)
    bar = (
        f'<div style="height: 10px; border: 1px solid {MUTED}; background: linear-gradient(to right, {colours})"></div>'
    )
    ends = "".join(f"<span>{words}</span>" for words in ("0", "of white", f"{1 / FACTOR:g}"))
    return f'{bar}<div style="display: flex; justify-content: space-between">{ends}</div>'


def tile_row(tiles: Sequence[str]) -> str:
    """Place tiles side by side, as many as fit; a row of four shrinks to LEAST before it breaks."""
    return f'<div style="display: flex; flex-wrap: wrap; gap: 12px">{"".join(tiles)}</div>'


def white_of(target: Tensor) -> float:
    """Upper end of a slice's grey window: the quantile `WHITE`, since a bright spot near a coil may be far brighter."""
    return float(target.quantile(WHITE))


def _tile(content: bytes, title: str, caption: str, alt: str) -> str:
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    image = f'<img src="{source}" alt="{escape(checked_alt(alt))}" style="width: 100%; display: block">'
    words = f"<figcaption>{caption}</figcaption>" if caption else ""
    return f'<figure style="{TILE}"><div>{escape(title)}</div>{image}{words}</figure>'
