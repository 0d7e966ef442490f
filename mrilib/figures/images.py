"""Rows and grids of magnitude images: same grey window, titles above, scores below, alt text."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from mrilib.figures.layout import Colors, Picture, Tile, compose, png_bytes

DARK = 0.05
RADIANS = {np.pi / 4: "π/4", np.pi / 2: "π/2", np.pi: "π"}  # ends of a scale of phases, with their names
LOW = np.full((1, 99), 255, np.uint8)  # pixels of a tile that is as low as what is written in it
BLANK = Tile(LOW, note=" ")
WHITE = 0.99  # quantile of an image that is drawn white, as in the explorers (`tiles.white_of`)


def image_row(
    images: Sequence[Tensor],
    titles: Sequence[str],
    captions: Sequence[str] | None = None,
    *,
    alt: str,
    vmax: float | None = None,
    ncols: int = 5,
) -> Picture:
    """Images side by side in one grey window [0, vmax].

    Args:
        images: real, (y, x); leading axes of length 1 are dropped.
        titles: one per image, above it; long ones wrap.
        captions: one per image, below it, such as "SSIM 0.912".
        alt: what the figure shows, for readers who cannot see it.
        vmax: value shown as white; if None, the largest of the images' 99th percentiles, since a spot near a coil may
            be far brighter.
        ncols: largest number of images side by side, up to 5; further ones continue below, in rows of nearly the same
            length.

    Raises:
        ValueError: lengths differ, an image is complex, not two-dimensional or not finite.
    """
    planes = [_plane(image) for image in images]
    white = _white(planes, vmax)
    tiles = _tiles([grey_levels(plane, white) for plane in planes], titles, captions)
    return compose(_broken(tiles, ncols), alt)


def error_row(
    target: Tensor,
    images: Sequence[Tensor],
    titles: Sequence[str],
    captions: Sequence[str] | None = None,
    *,
    alt: str,
    factor: float = 5.0,
    vmax: float | None = None,
    ncols: int = 5,
) -> Picture:
    """Error maps factor · |image − target| in the window [0, vmax] of the target, with the factor in each title.

    Arguments and errors as in `image_row`; `target` has the images' shape, and `vmax` defaults to its 99th percentile.
    """
    reference = _plane(target)
    white = _white([reference], vmax)
    named = [f"{title}\n{_factor(factor)}" for title in titles]
    pixels = [grey_levels(_error(reference, image), white / factor) for image in images]
    return compose([*_broken(_tiles(pixels, named, captions, "heat"), ncols), [bar("heat", _ends(factor))]], alt)


def comparison(
    target: Tensor,
    images: Mapping[str, Tensor],
    scores: Mapping[str, float | str] | None = None,
    *,
    alt: str,
    factor: float = 5.0,
    vmax: float | None = None,
    target_title: str = "target",
) -> Picture:
    """Target and reconstructions in one grey window, with error maps factor · |image − target| below them.

    Args:
        target: real, (y, x); its 99th percentile is white unless `vmax` is given.
        images: method → reconstruction, on the target's scale (`metrics.match_mean_std`).
        scores: method → SSIM, or text to print unchanged, below the method's image.
        target_title: title above the target; should state whether it is simulated.
    """
    reference, named = _plane(target), scores or {}
    white = _white([reference], vmax)
    first = Tile(grey_levels(reference, white), target_title)
    words = "|error| as a fraction of white above"
    note = Tile(np.full_like(first.pixels, 255), note=words, scale=_ends(factor), colors="heat")
    tops = [Tile(grey_levels(_plane(x), white), name, _score(named.get(name))) for name, x in images.items()]
    maps = [Tile(grey_levels(_error(reference, x), white / factor), colors="heat") for x in images.values()]
    blocks = range(0, max(len(tops), 1), 4)
    rows = [row for i in blocks for row in ([first, *tops[i : i + 4]], [note, *maps[i : i + 4]])]
    return compose(rows, alt)


def kspace_row(
    kspaces: Sequence[Tensor],
    titles: Sequence[str],
    captions: Sequence[str] | None = None,
    *,
    alt: str,
    ncols: int = 5,
) -> Picture:
    """Magnitudes of k-space, (ky, kx) complex or real, on one logarithmic grey scale over four decades."""
    planes = [_plane(kspace.abs()) for kspace in kspaces]
    top = _white(planes, None, 1.0)
    logs = [grey_levels(decades(plane / top), 1.0) for plane in planes]
    return compose(_broken(_tiles(logs, titles, captions), ncols), alt)


def decades(magnitude: np.ndarray) -> np.ndarray:
    """Grey values log(1 + 10⁴·m) / log(1 + 10⁴) of magnitudes m in [0, 1]: four decades from black to white."""
    return np.log1p(1e4 * magnitude) / math.log1p(1e4)


def mask_image(mask: Tensor, title: str = "", caption: str = "", *, alt: str) -> Picture:
    """Image of a sampling mask, (kx,) columns or (ky, kx) points; white is measured."""
    flat = mask.reshape(mask.shape[-1:]) if mask.numel() == mask.shape[-1] else mask
    plane = _plane(flat.expand(flat.shape[-1], -1) if flat.ndim == 1 else flat)
    return compose([[Tile(grey_levels(plane, 1.0), title, caption, smooth=False)]], alt)


def image_grid(
    rows: Sequence[Sequence[Tensor]],
    row_titles: Sequence[str],
    column_titles: Sequence[str],
    captions: Sequence[Sequence[str]] | None = None,
    *,
    alt: str,
    vmax: float | None = None,
) -> Picture:
    """Grid of images in one grey window, with row titles at the left and column titles at the top."""
    if len(row_titles) != len(rows):
        raise ValueError(f"row_titles has {len(row_titles)} entries for {len(rows)} rows: give one per row")
    planes = [[_plane(image) for image in row] for row in rows]
    white = _white([plane for row in planes for plane in row], vmax)
    grid = []
    for index, row in enumerate(planes):
        titles = column_titles if index == 0 else [""] * len(row)
        grid.append(_tiles([grey_levels(plane, white) for plane in row], titles, captions[index] if captions else None))
    return compose(grid, alt, row_titles)


def phase_row(
    images: Sequence[Tensor], titles: Sequence[str], captions: Sequence[str] | None = None, *, alt: str, ncols: int = 5
) -> Picture:
    """Phases of complex images, (y, x): light at 0, blue if negative, red if positive, and dark at the ends.

    The ends are those of the bar below, the smallest of ±π/4, ±π/2 and ±π that holds nearly all phases. Where an image
    is darker than `DARK` times its maximum, its phase is noise and the colour of phase 0 is drawn. Other arguments and
    errors as in `image_row`.
    """
    end, labels = _phase_range(images)
    tiles = _tiles([_phase(image, end) for image in images], titles, captions, "phase")
    return compose([*_broken(tiles, ncols), [bar("phase", labels)]], alt)


def mixed_row(images: Mapping[str, Tensor], *, alt: str) -> Picture:
    """Real images, (y, x), in one grey window and complex ones as their phase, side by side with their names.

    Colours of phases as in `phase_row`; errors as in `image_row`.
    """
    white = _white([_plane(image) for image in images.values() if not image.is_complex()], None)
    end, labels = _phase_range([image for image in images.values() if image.is_complex()])
    tiles = [
        Tile(_phase(image, end), name, colors="phase")
        if image.is_complex()
        else Tile(grey_levels(_plane(image), white), name)
        for name, image in images.items()
    ]
    bars = [bar("phase", labels) if image.is_complex() else BLANK for image in images.values()]
    return compose([tiles, bars], alt)


def image_png(image: Tensor, vmax: float | None = None) -> bytes:
    """One image, (y, x) real, as a bare grey PNG in the window [0, vmax]: fast, for `ipywidgets.Image`."""
    plane = _plane(image)
    return png_bytes(grey_levels(plane, _white([plane], vmax, 1.0)))


def _plane(image: Tensor) -> np.ndarray:
    plane = image.detach().cpu()
    if plane.is_complex() or plane.ndim < 2 or plane.shape[:-2].numel() != 1:
        kind = "complex" if plane.is_complex() else "real"
        raise ValueError(
            f"image is {kind} of shape {tuple(plane.shape)}: expected real (y, x), take .abs() or one slice"
        )
    values = plane.reshape(plane.shape[-2:]).to(torch.float64).numpy()
    if not np.isfinite(values).all():
        raise ValueError("image has infinite or undefined values: it cannot be shown")
    return values


def _phase(image: Tensor, end: float) -> np.ndarray:
    angle = np.clip(_plane(image.angle()), -end, end)
    levels = np.round(255 * (angle + end) / (2 * end)).astype(np.uint8)
    return np.where(_bright(image), levels, 255 // 2)


def _bright(image: Tensor) -> np.ndarray:
    magnitude = _plane(image.abs())
    return magnitude > DARK * magnitude.max()


def _phase_range(images: Sequence[Tensor]) -> tuple[float, tuple[str, ...]]:
    """End of the scale of phases, in radians, and the labels of its bar."""
    phases = [np.abs(_plane(one.angle()))[_bright(one)] for one in images]
    largest = max((np.quantile(one, WHITE) for one in phases if one.size), default=0.0)
    end = next((part for part in RADIANS if largest <= part), np.pi)
    return end, (f"−{RADIANS[end]}", "phase 0", RADIANS[end])


def _error(reference: np.ndarray, image: Tensor) -> np.ndarray:
    plane = _plane(image)
    if plane.shape != reference.shape:
        raise ValueError(f"image is {plane.shape} and target {reference.shape}: crop both to one shape")
    return np.abs(plane - reference)


def _white(planes: Sequence[np.ndarray], vmax: float | None, quantile: float = WHITE) -> float:
    if not planes:
        raise ValueError("images is empty: give at least one")
    if vmax is not None and not vmax > 0:
        raise ValueError(f"vmax is {vmax}: expected a positive number, or None for the brightest image's own")
    largest = vmax or max(np.quantile(plane, quantile) for plane in planes) or max(plane.max() for plane in planes)
    return float(largest) if largest > 0 else 1.0


def grey_levels(plane: np.ndarray, white: float = 1.0) -> np.ndarray:
    """Values from 0 to `white` as 8-bit grey levels; what lies outside is black or white."""
    return np.round(255 * np.clip(plane / white, 0, 1)).astype(np.uint8)


def _factor(factor: float) -> str:
    if not factor > 0:
        raise ValueError(f"factor is {factor}: expected a positive number")
    return f"|error| ×{factor:g}"


def _ends(factor: float) -> tuple[str, ...]:
    """Labels of an error map's colours: no error, half of the brightest, and the brightest, in units of white."""
    return tuple(f"{share / factor:.2g}" for share in (0, 0.5, 1))


def bar(colors: Colors, labels: tuple[str, ...]) -> Tile:
    """A bar of colours with labels, in a low row of its own below images."""
    return Tile(LOW, colors=colors, scale=labels)


def _score(score: float | str | None) -> str:
    return "" if score is None else score if isinstance(score, str) else f"SSIM {float(score):.3f}"


def _tiles(
    pixels: Sequence[np.ndarray], titles: Sequence[str], captions: Sequence[str] | None, colors: Colors = "grey"
) -> list[Tile]:
    beneath = [""] * len(pixels) if captions is None else captions
    if not len(pixels) == len(titles) == len(beneath):
        raise ValueError(f"{len(pixels)} images, {len(titles)} titles, {len(beneath)} captions: give one per image")
    return [Tile(*parts, colors=colors) for parts in zip(pixels, titles, beneath, strict=True)]


def _broken(tiles: Sequence[Tile], ncols: int) -> list[list[Tile]]:
    if not 1 <= ncols <= 5:
        raise ValueError(f"ncols is {ncols}: expected 1 to 5; with more, the images are too small to judge")
    each = math.ceil(len(tiles) / math.ceil(len(tiles) / ncols)) if tiles else ncols
    return [list(tiles[start : start + each]) for start in range(0, len(tiles), each)]
