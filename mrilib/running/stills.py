"""Explorers of an executed notebook in their final state, as HTML that needs neither kernel nor widgets."""

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from nbformat import NotebookNode

WIDGET = "application/vnd.jupyter.widget-view+json"
WIDGETS = "application/vnd.jupyter.widget-state+json"
STILL = '<div class="explorer">'
NEEDS = "This explorer needs a kernel: run its cell to use it."


def make_stills(notebook: NotebookNode) -> None:
    """Replace every explorer by its still, and drop the widgets, whose sliders do nothing without a kernel."""
    widgets = notebook.metadata.pop("widgets", {}).get(WIDGETS, {}).get("state", {})
    for output in (output for cell in notebook.cells for output in cell.get("outputs", ())):
        view = output.get("data", {}).get(WIDGET)
        if view is not None:
            output.data = NotebookNode({"text/html": still(view.get("model_id", ""), widgets)})


def still(model: str, widgets: Mapping[str, Any]) -> str:
    """HTML that says that an explorer needs a kernel, and shows its still, or what its controls are set to and show.

    Args:
        model: id of the outermost widget.
        widgets: state of the notebook's widgets, by their ids.
    """
    own = "".join(_views(model, widgets, own=True))
    settings = "" if own else " · ".join(_settings(model, widgets))
    views = own or "".join(_views(model, widgets))
    return f"{STILL}<p><em>{NEEDS}</em> {escape(settings)}</p>{views}</div>"


def _settings(model: str, widgets: Mapping[str, Any]) -> Iterator[str]:
    """Names of the controls with their values; folders of the machine that ran the notebook are omitted."""
    for state in _states(model, widgets):
        name, options, value = (state.get(key) for key in ("description", "_options_labels", "value"))
        if options:
            value = None if state.get("index") is None else options[state["index"]]
        if name and value not in (None, "") and not _is_place(value):
            yield f"{name}: {value:g}" if isinstance(value, int | float) else f"{name}: {value}"


def _is_place(value: Any) -> bool:
    """Whether a control's value is a folder or file given by its full path."""
    return isinstance(value, str) and any(kind(value).is_absolute() for kind in (PurePosixPath, PureWindowsPath))


def _views(model: str, widgets: Mapping[str, Any], own: bool = False) -> Iterator[str]:
    """HTML of a widget and of its children: what is seen with a kernel or, if `own`, what is hidden then, its still."""
    for state in _states(model, widgets):
        layout = widgets.get(str(state.get("layout")).removeprefix("IPY_MODEL_"), {}).get("state", {})
        hidden = layout.get("display") == "none"
        if state.get("_model_name") == "HTMLModel" and hidden == own:
            yield state["value"]


def _states(model: str, widgets: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """States of a widget and of its children, without their defaults."""
    widget = widgets.get(model, {})
    yield {"_model_name": widget.get("model_name"), "value": ""} | widget.get("state", {})
    for child in widget.get("state", {}).get("children", ()):
        yield from _states(child.removeprefix("IPY_MODEL_"), widgets)
