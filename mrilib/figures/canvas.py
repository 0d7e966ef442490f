"""Images whose grey window is adjusted in the browser, by dragging or with keys, without a kernel."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anywidget
import torch
import traitlets
from torch import Tensor

from mrilib.figures.layout import MAGMA

UNIT = 32767  # 16-bit value that represents 1; values up to 2 fit
ERROR_FACTOR = 5.0  # as in `plot.comparison`


@dataclass(frozen=True)
class Panel:
    """One image, (y, x) real with 1 for the target's maximum, or an error map on the same scale."""

    image: Tensor
    title: str
    caption: str
    error: bool = False


class WindowedImages(anywidget.AnyWidget):
    """Panels of equal size in one grey window [level − width/2, level + width/2], in units of the target's maximum.

    The window belongs to the page: it is kept when `show` sends other images. An error map goes from black at 0 to its
    brightest colour at the window's upper end divided by ERROR_FACTOR.
    """

    _esm = Path(__file__).with_name("canvas.js")
    _css = """
    .mrilib-window { color: var(--jp-ui-font-color1, inherit); max-width: 940px; line-height: 1.4; }
    .mrilib-window[aria-busy=true] { opacity: 0.5; }
    .mrilib-panels { display: grid; grid-template-columns: repeat(auto-fill, 190px); gap: 8px 12px; padding: 4px;
      cursor: move; touch-action: none; user-select: none; }
    .mrilib-panels:focus-visible { outline: 3px solid var(--jp-brand-color1, #2296E7); }
    .mrilib-panels figure { margin: 0; }
    .mrilib-panels canvas { width: 190px; outline: 1px solid #6D6E6D; }
    .mrilib-scale { height: 10px; outline: 1px solid #6D6E6D; }
    .mrilib-window label, .mrilib-window button { margin: 4px 16px 4px 4px; }
    .mrilib-window output { display: block; margin: 0 4px; }
    .mrilib-window input { vertical-align: middle; width: 200px; }
    """
    content = traitlets.Dict().tag(sync=True)
    busy = traitlets.Bool(False).tag(sync=True)
    factor = traitlets.Float(ERROR_FACTOR, read_only=True).tag(sync=True)
    unit = traitlets.Int(UNIT, read_only=True).tag(sync=True)
    heat = traitlets.List(MAGMA, read_only=True).tag(sync=True)

    def show(self, panels: Sequence[Panel]) -> None:
        """Show these panels on the page, or nothing if there are none.

        Raises:
            ValueError: images that are not finite, or that differ in size (y, x).
        """
        self.content = _content(panels) if panels else {}


def _content(panels: Sequence[Panel]) -> dict[str, object]:
    shapes = {tuple(panel.image.shape) for panel in panels}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise ValueError(f"panels: expected images (y, x) of one size, got {sorted(shapes)}")
    stack = torch.stack([panel.image for panel in panels])
    if not stack.isfinite().all():
        raise ValueError("panels: an image has values that are not finite (NaN or infinite)")
    numbers = (stack * UNIT).round().clamp(0, 2 * UNIT).numpy().astype("<u2")
    words = [{"title": panel.title, "caption": panel.caption, "error": panel.error} for panel in panels]
    rows, columns = stack.shape[1:]
    return {"pixels": numbers.tobytes(), "rows": rows, "columns": columns, "panels": words}
