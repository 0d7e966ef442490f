"""Rows of images, each with a map of what changed: blue where it is better, orange where it is worse."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torch import Tensor
from torch.nn import functional as F

from mrilib.figures.images import BLANK, bar, grey_levels
from mrilib.figures.layout import Picture, Tile, compose
from mrilib.metrics import WINDOW, ssim_map

SMOOTH = 7  # pixels over which changes of local SSIM are averaged
LOCAL = 0.2  # change of local SSIM that is drawn in the darkest colours


@dataclass(frozen=True)
class Changed:
    """A row of `change_grid`.

    Args:
        title: words at the left; there is room for them unless all rows have none.
        images: real, (y, x); 1 is white.
        change: real, (y, x), positive where the last image is better.
        captions: words below the images and below the map.
    """

    title: str
    images: Sequence[Tensor]
    change: Tensor
    captions: Sequence[str]


def change_grid(rows: Sequence[Changed], columns: Sequence[str], *, end: float, alt: str) -> Picture:
    """Grey images and, at the right of each row, its change on a scale from −`end` (orange) over 0 (white) to `end`.

    Args:
        rows: with equally many images.
        columns: words above the images and above the map.
        end: change drawn in the darkest colours.
        alt: what the figure shows, for readers who cannot see it.

    Raises:
        ValueError: `end` is not positive, or `alt` is empty.
    """
    if not end > 0:
        raise ValueError(f"end is {end}: expected a positive change")
    grid = []
    for place, row in enumerate(rows):
        heads = columns if place == 0 else [""] * len(columns)
        planes = [*row.images, (row.change / end + 1) / 2]
        words = zip(planes, heads, row.captions, strict=True)
        tiles = [Tile(grey_levels(plane.cpu().double().numpy()), head, foot) for plane, head, foot in words]
        grid.append([*tiles[:-1], replace(tiles[-1], colors="change")])
    legend = [*[BLANK] * (len(columns) - 1), bar("change", (f"−{end:g}", "worse | better", f"+{end:g}"))]
    titles = [*(row.title for row in rows), ""]
    return compose([*grid, legend], alt, titles if any(titles) else ())


def local_change(target: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """Local SSIM after minus before, (y, x) as the images, positive where `after` is closer to the target.

    SSIM has the target's maximum as data range; its changes are averaged over `SMOOTH` × `SMOOTH` pixels. The map is 0
    in the border, where local SSIM is undefined.
    """
    maps = [ssim_map(target[None, None], image[None, None]) for image in (before, after)]
    smooth = F.avg_pool2d(maps[1] - maps[0], SMOOTH, stride=1, padding=SMOOTH // 2, count_include_pad=False)
    return F.pad(smooth[0, 0], [WINDOW // 2] * 4)
