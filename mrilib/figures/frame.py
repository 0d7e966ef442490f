"""What all explorers share: controls with names, one view that follows them, errors in sight."""

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
WIDE = {"continuous_update": False, "style": STYLE}  # of a slider
HALF = {"width": "45%", "max_width": "34em"}  # of the view: two controls a row


class Names(anywidget.AnyWidget):
    """Gives the handles of the sliders beside it the names that stand before them, for screen readers.

    Jupyter's sliders show a label and their handles, which take the keyboard, have none (ipywidgets 8.1). Lists and
    buttons get their keys back, too, which JupyterLab would take for shortcuts of its own (4.6).
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
    """Controls, and beneath them what `render` makes of their values, made anew whenever one moves.

    Args:
        controls: by the names of `render`'s arguments.
        render: the controls' values to HTML. What it raises is shown in place of the view.
        ahead: values whose views are made now, so that no move to them has to wait; of these `render` must always
            make the same.

    Returns:
        A box with the controls, two a row, in a box of their own, and the view (`ipywidgets.HTML`) beneath.
    """
    view = ipywidgets.HTML()

    def made(values: Mapping[str, Any]) -> str:
        with debug_mode(False):  # what would check charts against Vega-Lite's schema at every move; tests do
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
    """What `make` returns, or the error that it raised, as HTML: inside the widget, where the reader looks."""
    try:
        return make()
    except Exception as error:
        return f'<p role="alert"><strong>{type(error).__name__}:</strong> {escape(str(error))}</p>'


def picture(figure: Figure, alt: str, width: int) -> str:
    """A figure as an HTML image with its alt text, `width` CSS pixels wide or as wide as there is room."""
    if isinstance(figure, Picture):
        kind, content = "image/png", figure_bytes(figure)
    else:
        kind, content = "image/svg+xml", chart_svg(figure).encode()
    source = f"data:{kind};base64,{base64.b64encode(content).decode()}"
    return f'<img src="{source}" alt="{escape(alt)}" style="width: {width}px; max-width: 100%">'
