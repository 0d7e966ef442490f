"""Common parts of all explorers: labelled controls, one view that follows them, and visible errors."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets
from altair.utils.schemapi import debug_mode
from IPython.core.getipython import get_ipython

from mrilib.figures.plot import Figure, Picture, figure_bytes

STYLE = {"description_width": "9em"}
WIDE = {"continuous_update": False, "style": STYLE}  # options of a slider
HALF = {"flex": "1 1 22em", "max_width": "34em"}  # two controls per row, or one where there is less room
OF_CELL: dict[str, tuple[str, list[ipywidgets.VBox]]] = {}  # by cell: its last run and the explorers made there


class Companion(anywidget.AnyWidget):
    """What Jupyter's controls lack: names and values for screen readers, their keys, and a note when the kernel ends.

    The handles of Jupyter's sliders, which take the keyboard focus, have no name, and those of selections announce an
    index (ipywidgets 8.1). JupyterLab (4.6) would treat the keys of lists and buttons as its own shortcuts; Jupyter
    Notebook (7.6) would do the same with those of sliders.
    """

    _esm = Path(__file__).with_name("frame.js")
    _css = """
    .mrilib-kernel { order: -1; font-weight: bold; }
    .mrilib-kernel:empty { display: none; }
    """


def explorer(
    controls: Mapping[str, ipywidgets.Widget],
    render: Callable[..., str],
    ahead: Iterable[Mapping[str, Any]] = (),
    still: str = "",
) -> ipywidgets.VBox:
    """Controls, with the output of `render` for their values below, updated whenever one changes.

    Args:
        controls: controls by the names of `render`'s arguments.
        render: function from the controls' values to HTML. Any exception is shown in place of the view.
        ahead: values whose views are rendered in advance, so that switching to them is immediate; for these, `render`
            must always return the same.
        still: HTML shown where no kernel runs, such as on the site, instead of the view; hidden where one does.

    Returns:
        Box with the controls, two per row in a box of their own, and the view (`ipywidgets.HTML`) below.
    """
    view = ipywidgets.HTML()

    def made(values: Mapping[str, Any]) -> str:
        with debug_mode(False):  # no validation of charts against Vega-Lite's schema at every change; tests validate
            return shown(lambda: render(**values))

    ready = {tuple(values[name] for name in controls): made(values) for values in ahead}

    def show(_: object = None) -> None:
        values = {name: control.value for name, control in controls.items()}
        view.value = ready.get(tuple(values.values())) or made(values)

    for control in controls.values():
        for name, value in HALF.items():
            control.layout.set_trait(name, value)
        control.observe(show, "value")
    show()
    panel = ipywidgets.HBox([*controls.values()], layout={"flex_flow": "row wrap"})
    instead = [ipywidgets.HTML(still, layout={"display": "none"})] if still else []
    box = ipywidgets.VBox([panel, *instead, view, Companion()])
    replace_earlier(box)
    return box


def replace_earlier(box: ipywidgets.VBox) -> None:
    """Close the explorers that the running cell made when it last ran; otherwise they would pile up in the kernel."""
    cell, run = running_cell()
    if not cell:
        return
    last, made = OF_CELL.get(cell, ("", []))
    if last != run:
        for earlier in made:
            close(earlier)
        made = []
    OF_CELL[cell] = run, [*made, box]


def running_cell() -> tuple[str, str]:
    """Ids of the notebook's running cell and of this run of it; empty where the front end names no cell."""
    request: dict[str, Any] = getattr(get_ipython(), "get_parent", dict)()
    return request.get("metadata", {}).get("cellId", ""), request.get("header", {}).get("msg_id", "")


def close(widget: ipywidgets.Widget) -> None:
    """Close a widget and all that it holds: children, layouts and styles."""
    if widget.comm is None:
        return
    held = [getattr(widget, name) for name in widget.keys]
    widget.close()
    if isinstance(widget, ipywidgets.Box):
        widget.children = ()  # else the notebook's `Out` keeps what they show
    for value in held:
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, ipywidgets.Widget):
                close(part)


def shown(make: Callable[[], str]) -> str:
    """Output of `make`, or the error it raised as HTML: shown inside the widget, where the reader looks."""
    try:
        return make()
    except Exception as error:
        return f'<p role="alert"><strong>{type(error).__name__}:</strong> {escape(str(error))}</p>'


def picture(figure: Figure, alt: str, width: int) -> str:
    """A figure as an HTML image with its alt text, `width` CSS pixels wide or as wide as fits.

    A chart is a PNG, too, since an SVG in an image would be drawn in the fonts of the reader's system.
    """
    source = f"data:image/png;base64,{base64.b64encode(figure_bytes(figure)).decode()}"
    chart = "" if isinstance(figure, Picture) else " data-chart"
    return f'<img{chart} src="{source}" alt="{escape(alt)}" style="width: {width}px; max-width: 100%">'
