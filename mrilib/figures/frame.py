"""Common parts of all explorers: labelled controls, one view that follows them, and visible errors."""

import base64
from collections.abc import Callable, Iterable, Mapping
from html import escape
from typing import Any

import anywidget
import ipywidgets
from altair.utils.schemapi import debug_mode

from mrilib.figures.plot import Figure, Picture, figure_bytes
from mrilib.figures.theme import chart_svg

STYLE = {"description_width": "9em"}
WIDE = {"continuous_update": False, "style": STYLE}  # options of a slider
HALF = {"width": "45%", "max_width": "34em"}  # of the view; two controls per row


class Names(anywidget.AnyWidget):
    """Label the handles of neighbouring sliders for screen readers, with the names shown in front of them.

    Jupyter's sliders show a label, but their handles, which take the keyboard focus, have none (ipywidgets 8.1). Lists
    and buttons also get back their keys, which JupyterLab (4.6) would treat as its own shortcuts.
    """

    _esm = """
    function name(box) {
      for (const row of box.querySelectorAll(".widget-inline-hbox")) {
        const label = row.querySelector("label"), handle = row.querySelector("[role=slider]");
        if (label && handle) handle.setAttribute("aria-label", label.textContent);
      }
      for (const control of box.querySelectorAll("select, button")) {
        control.setAttribute("data-lm-suppress-shortcuts", "true");
      }
    }
    export default { render({ el }) {
      el.style.display = "none";
      const watch = () => {
        const box = el.closest(".widget-vbox");
        if (!box) { return requestAnimationFrame(watch); }
        name(box);
        new MutationObserver(() => name(box)).observe(box, { childList: true, subtree: true });
      };
      watch();
    } };
    """


def explorer(
    controls: Mapping[str, ipywidgets.Widget], render: Callable[..., str], ahead: Iterable[Mapping[str, Any]] = ()
) -> ipywidgets.VBox:
    """Controls, with the output of `render` for their values below, updated whenever one changes.

    Args:
        controls: controls by the names of `render`'s arguments.
        render: function from the controls' values to HTML. Any exception is shown in place of the view.
        ahead: values whose views are rendered in advance, so that switching to them is immediate; for these, `render`
            must always return the same.

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
        control.layout = HALF
        control.observe(show, "value")
    show()
    return ipywidgets.VBox([ipywidgets.HBox([*controls.values()], layout={"flex_flow": "row wrap"}), view, Names()])


def shown(make: Callable[[], str]) -> str:
    """Output of `make`, or the error it raised as HTML: shown inside the widget, where the reader looks."""
    try:
        return make()
    except Exception as error:
        return f'<p role="alert"><strong>{type(error).__name__}:</strong> {escape(str(error))}</p>'


def picture(figure: Figure, alt: str, width: int) -> str:
    """A figure as an HTML image with its alt text, `width` CSS pixels wide or as wide as fits."""
    if isinstance(figure, Picture):
        kind, content = "image/png", figure_bytes(figure)
    else:
        kind, content = "image/svg+xml", chart_svg(figure).encode()
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return f'<img src="{source}" alt="{escape(alt)}" style="width: {width}px; max-width: 100%">'
