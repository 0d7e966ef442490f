"""Grid of images and text as one PNG, drawn via SVG; charts share its colours and its typeface."""

import base64
import html
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import font_source_sans_pro
import numpy as np
import vl_convert
from PIL import Image, ImageFont

INK = "#1F1F1F"
MUTED = "#555555"
PAPER = "#FFFFFF"
TOO_LONG = re.compile(r"-?\d+\.\d{6,}")  # a number of an alternative text that was not rounded
FONT = "Source Sans Pro, Liberation Sans, Arial, Helvetica, sans-serif"  # the first also on the site, others in Jupyter
FONT_FILES = Path(font_source_sans_pro.__file__).parent / "files"
vl_convert.register_font_directory(str(FONT_FILES))
PAGE, MARGIN, GAP, GUTTER = 940, 12, 12, 120  # CSS pixels; PAGE fits JupyterLab's output area at 1280
TILE = 300  # maximum width of a tile
TITLE_SIZE, CAPTION_SIZE, LEADING = 16, 15, 1.3
ARROW, HEAD = 74, 9  # CSS pixels between tiles that arrows join, and of an arrow's head
SYMBOL_SIZE, STEP_SIZE = 24, 14
BAR, BAR_WIDTH = 14, 160  # CSS pixels of a bar of colours: height and maximum width
BAR_HEIGHT = BAR + 3 + CAPTION_SIZE * LEADING  # with its labels
SHARPNESS = 2  # device pixels per CSS pixel
# Anchors of matplotlib's "magma" (CC0): lightness rises evenly, safe for colour-blind readers.
MAGMA = ["000004", "180F3E", "451077", "721F81", "9F2F7F", "CD4071", "F1605D", "FD9567", "FECA8D", "FCFDBF"]
# Cyclic: light at phase 0, dark at ±π, blue for negative phases, red for positive ones.
CYCLE = ["2F1437", "5B2F96", "6276BA", "9EBBC9", "E2D9E2", "CFA393", "B3594F", "7F2350", "2F1437"]
LOSS_ZERO_GAIN = ["C4590B", "FFFFFF", "295FDD"]  # orange for losses, blue for gains
Colors = Literal["grey", "heat", "phase", "change"]
ANCHORS: dict[Colors, list[str]] = {"heat": MAGMA, "phase": CYCLE, "change": LOSS_ZERO_GAIN}
Ring = tuple[float, float, float]  # x and y of its centre and its radius, in units of a tile's width


@dataclass(frozen=True)
class Picture:
    """A finished PNG with its alt text, its width on the page in CSS pixels, and its message, written above it."""

    png: bytes
    alt: str
    width: int
    title: str = ""

    def titled(self, message: str) -> "Picture":
        """The picture below its message, as in charts."""
        return replace(self, title=message)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, str], dict[str, Any]]:
        # JupyterLab draws image/png without an alt attribute, so the picture is also sent as HTML.
        code = base64.b64encode(self.png).decode()
        tag = f'<img src="data:image/png;base64,{code}" alt="{html.escape(self.alt)}" width="{self.width}">'
        head = f'<p style="margin: 0 0 6px 12px"><b>{html.escape(self.title)}</b></p>' if self.title else ""
        bundle = {"text/html": head + tag, "image/png": code, "text/plain": self.alt}
        return bundle, {"image/png": {"alt": self.alt, "width": self.width}}


@dataclass(frozen=True)
class Tile:
    """One cell of a grid: 8-bit pixels (y, x), grey or through a palette; `note` is written in its centre.

    `scale` draws the tile's colours as a bar below the note, with these labels beneath it, in place of the pixels.
    `arrow` draws an arrow that leads to the tile from its left, with the first line above it and the others below.
    `ring` draws a white ring around what matters. `share` draws a bar in place of the pixels, as long as this part of
    the tile's width, with a mark at its full width.
    """

    pixels: np.ndarray
    title: str = ""
    caption: str = ""
    colors: Colors = "grey"
    smooth: bool = True
    note: str = ""
    scale: tuple[str, ...] = ()
    arrow: str = ""
    ring: Ring | None = None
    share: float | None = None


def compose(grid: Sequence[Sequence[Tile]], alt: str, row_titles: Sequence[str] = ()) -> Picture:
    """Draw rows of tiles, with titles above and captions below each, and optional row titles at the left.

    Raises:
        ValueError: `alt` is empty.
    """
    text, columns = checked_alt(alt), max(len(row) for row in grid)
    gap = ARROW if any(tile.arrow for row in grid for tile in row) else GAP
    left = MARGIN + (GUTTER if row_titles else 0) + (ARROW if any(row[0].arrow for row in grid) else 0)
    side = min(TILE, (PAGE - left - MARGIN - gap * (columns - 1)) / columns)
    width = round(left + columns * side + gap * (columns - 1) + MARGIN)
    parts, top = [], float(MARGIN)
    for row, row_title in zip(grid, row_titles or [""] * len(grid), strict=True):
        drawn, height = _row(row, left, top, side, gap)
        middle = (MARGIN + left - GAP) / 2
        parts += [*drawn, _text(row_title, middle, top + height / 2, left - 2 * GAP, TITLE_SIZE, align=0.5)]
        top += height + GAP
    used = {tile.colors for row in grid for tile in row} - {"grey"}
    return Picture(_raster(parts, width, round(top - GAP + MARGIN), next(iter(used), "grey")), text, width)


def checked_alt(alt_text: str) -> str:
    """Return the stripped alt text.

    Raises:
        ValueError: the text is empty, so that the figure would be inaccessible to readers who cannot see it; or it
            has numbers that nobody wants to listen to.
    """
    if not alt_text.strip():
        raise ValueError("alt is empty: say in one sentence what the figure shows")
    if long := TOO_LONG.search(alt_text):
        raise ValueError(f"alt has {long[0]}: round its numbers, for example by `sentences.listed`")
    return alt_text.strip()


def png_bytes(pixels: np.ndarray, palette: Sequence[int] | None = None) -> bytes:
    """PNG of 8-bit pixels (y, x), grey or through a palette of 256 RGB triples."""
    drawn, buffer = Image.fromarray(pixels), io.BytesIO()
    if palette is not None:
        drawn.putpalette(palette)
    drawn.save(buffer, "PNG")
    return buffer.getvalue()


def _row(row: Sequence[Tile], left: float, top: float, side: float, gap: float) -> tuple[list[str], float]:
    """SVG of one row of tiles at height `top`, and the height of the row."""
    picture = max(side * tile.pixels.shape[0] / tile.pixels.shape[1] for tile in row)
    picture = max(picture, BAR_HEIGHT if any(tile.scale for tile in row) else 0)
    head = _lines([tile.title for tile in row], side, TITLE_SIZE) * TITLE_SIZE * LEADING + 6
    foot = _lines([tile.caption for tile in row], side, CAPTION_SIZE) * CAPTION_SIZE * LEADING + 4
    parts = []
    for column, tile in enumerate(row):
        x, y = left + column * (side + gap), top + head
        middle = x + side / 2
        parts += [
            _image(tile, x, y, side, picture),
            _text(tile.title, middle, y - 6, side, TITLE_SIZE, align=1),
            _text(tile.note, middle, y + picture / 2, side, TITLE_SIZE, align=1 if tile.scale else 0.5),
            *_scale(tile, middle, y + picture / 2 + 8 if tile.note else y, side),
            *_arrow(tile, x, y + picture / 2),
            _text(tile.caption, middle, y + picture + 4, side, CAPTION_SIZE, align=0),
        ]
    return parts, head + picture + foot


def _arrow(tile: Tile, x: float, y: float) -> list[str]:
    """The arrow that leads to a tile whose left edge is at x, at height y, with its words."""
    if not tile.arrow:
        return []
    symbol, _, words = tile.arrow.partition("\n")
    middle, end = x - ARROW / 2, x - HEAD
    line = f'<path d="M{x - ARROW + HEAD:.1f} {y:.1f}H{end - HEAD:.1f}" stroke="{INK}" stroke-width="2.5"/>'
    head = f'<path d="M{end:.1f} {y:.1f}l{-HEAD - 2} {-HEAD + 2}v{2 * HEAD - 4}z"/>'
    named = _text(symbol, middle, y - HEAD, ARROW, SYMBOL_SIZE, align=1)
    return [line, head, named, _text(words, middle, y + HEAD, ARROW, STEP_SIZE, align=0)]


def _image(tile: Tile, x: float, y: float, width: float, height: float) -> str:
    """A tile's pixels in their own proportions, centred in the height of the row, with a frame just around them.

    Nothing is drawn for a tile of text or of a scale, whose pixels only reserve the space.
    """
    if tile.share is not None:
        return _bar(tile.share, x, y, width, height)
    if tile.note or tile.scale:
        return ""
    own = width * tile.pixels.shape[0] / tile.pixels.shape[1]
    y, height = y + (height - own) / 2, own
    quality = "optimizeQuality" if tile.smooth else "optimizeSpeed"
    code = base64.b64encode(png_bytes(tile.pixels, palette(tile.colors, 256))).decode()
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    frame = f'<rect {place} fill="none" stroke="{MUTED}"/>'  # else white merges with the page
    image = f'<image {place} image-rendering="{quality}" href="data:image/png;base64,{code}"/>'
    return f"{image}{frame}{_ring(tile, x, y, width)}"


def _bar(share: float, x: float, y: float, width: float, height: float) -> str:
    """A bar as long as the share of the tile's width, and a mark where it would be full."""
    drawn = min(max(share, 0.0), 1.0) * width
    bar = f'<rect x="{x:.1f}" y="{y:.1f}" width="{drawn:.1f}" height="{height:.1f}" fill="{MUTED}"/>'
    return f'{bar}<path d="M{x + width - 1:.1f} {y:.1f}v{height:.1f}" stroke="{MUTED}" stroke-width="2"/>'


def _ring(tile: Tile, x: float, y: float, width: float) -> str:
    """A tile's white ring with a dark edge, which also stands out where the image is bright."""
    if tile.ring is None:
        return ""
    across, down, radius = (width * part for part in tile.ring)
    place = f'cx="{x + across:.1f}" cy="{y + down:.1f}" r="{radius:.1f}" fill="none"'
    return f'<circle {place} stroke="{INK}" stroke-width="4"/><circle {place} stroke="{PAPER}" stroke-width="2"/>'


def _scale(tile: Tile, x: float, y: float, side: float) -> list[str]:
    """A bar of the tile's colours centred at x, its top at y, with evenly spaced labels beneath it."""
    if not tile.scale:
        return []
    width = min(BAR_WIDTH, 0.7 * side)
    code = base64.b64encode(png_bytes(np.arange(256, dtype=np.uint8)[None], palette(tile.colors, 256))).decode()
    place = f'x="{x - width / 2:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}"'
    bar = f'<image {place} preserveAspectRatio="none" href="data:image/png;base64,{code}"/>'
    frame = f'<rect {place} fill="none" stroke="{MUTED}"/>'
    places = np.linspace(x - width / 2, x + width / 2, len(tile.scale))
    words = [
        _text(label, at, y + BAR + 3, side, CAPTION_SIZE, align=0) for label, at in zip(tile.scale, places, strict=True)
    ]
    return [bar, frame, *words]


def _text(text: str, x: float, y: float, width: float, size: int, align: float) -> str:
    """Wrapped lines centred at x; y is the block's top, middle or bottom for align 0, 0.5 or 1."""
    lines, step = _wrapped(text, width, size), size * LEADING
    base = y - align * len(lines) * step + size
    spans = (
        f'<tspan x="{x:.1f}" y="{base + index * step:.1f}">{html.escape(line)}</tspan>'
        for index, line in enumerate(lines)
    )
    return f'<text text-anchor="middle" font-size="{size}">{"".join(spans)}</text>'


def _lines(texts: Sequence[str], width: float, size: int) -> int:
    return max(len(_wrapped(text, width, size)) for text in texts)


def _wrapped(text: str, width: float, size: int) -> list[str]:
    """Break text into lines no wider than `width`."""
    font, lines = ImageFont.truetype(FONT_FILES / "SourceSansPro-Regular.ttf", size), []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and font.getlength(longer) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def palette(colors: Colors, levels: int) -> list[int] | None:
    """RGB triples of errors, of phases from −π to π or of changes, concatenated, for `png_bytes`; None for grey."""
    if colors == "grey":
        return None
    anchors = np.array([list(bytes.fromhex(code)) for code in ANCHORS[colors]], dtype=float)
    places, steps = np.linspace(0, 1, len(anchors)), np.linspace(0, 1, levels)
    channels = [np.interp(steps, places, channel) for channel in anchors.T]
    return np.stack(channels, axis=-1).round().astype(int).ravel().tolist()


def _raster(parts: Sequence[str], width: int, height: int, used: Colors) -> bytes:
    size = f'width="{width}" height="{height}"'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{FONT}" fill="{INK}">'
        f'<rect {size} fill="{PAPER}"/>{"".join(parts)}</svg>'
    )
    drawn = Image.open(io.BytesIO(vl_convert.svg_to_png(svg, scale=SHARPNESS)))
    triples = palette(used, 128)
    if triples is None:
        return png_bytes(np.asarray(drawn.convert("L")))
    # Half the palette for greys, half for colours: a third of the bytes of true colour.
    both = Image.new("P", (1, 1))
    both.putpalette([level * 255 // 127 for level in range(128) for _ in range(3)] + triples)
    colours = drawn.convert("RGB")
    nearest = np.asarray(colours.quantize(palette=both, dither=Image.Dither.NONE))
    # Pillow's search is coarse; greys are set exactly, so that the background stays white.
    red, green, blue = np.moveaxis(np.asarray(colours), -1, 0)
    indices = np.where((red == green) & (green == blue), red // 2, nearest)
    return png_bytes(indices, both.getpalette())
