"""Conversion of an executed notebook's outputs for a page without kernel and network."""

import json
import re
from html import escape
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from mrilib.figures.notebook import WORDS_STAY_WHOLE
from mrilib.running.stills import NEEDS, STILL
from mrilib.site.html import wide
from mrilib.site.pictures import png_tag, stored

VEGA = "application/vnd.vegalite"


BAR = re.compile(r"[^\r\n]*\d+%\|[^\r\n]*[\r\n]*")  # a state of a progress bar of tqdm


def shown(output: NotebookNode, notebook: str, files: Path) -> NotebookNode | None:
    """Convert charts, pictures, tables and explorers to one HTML output; drop progress bars and styles; keep others.

    Args:
        output: output as stored in a notebook.
        notebook: address of the notebook, for readers who want to use an explorer.
        files: folder of the site's files; images are written there.
    """
    if output.output_type == "stream":
        text = BAR.sub("", output.text)
        return None if not text.strip() else output if text == output.text else NotebookNode({**output, "text": text})
    data = output.get("data", {})
    if data.get("text/html") == WORDS_STAY_WHOLE:
        return None
    chart = next((key for key in data if key.startswith(VEGA)), None)
    if chart:
        html = chart_figure(data[chart], data.get("image/png", ""), output.get("metadata", {}).get("image/png", {}))
    elif data.get("text/html", "").startswith(STILL):
        html = linked(data["text/html"], notebook)
    elif "text/html" in data:
        html = data["text/html"] if "<table" not in data["text/html"] else wide("results", data["text/html"])
    elif "image/png" in data:
        html = png_tag(data["image/png"], **with_description(output.get("metadata", {}).get("image/png", {}), data))
    else:
        return output
    return NotebookNode({**output, "data": {"text/html": stored(html, files, themes=chart is None)}, "metadata": {}})


def with_description(metadata: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Alt text and size of an image; a missing alt text is replaced by the text beside it."""
    known = {name: metadata[name] for name in ("width", "height") if metadata.get(name)}
    return {"alt": metadata.get("alt") or data.get("text/plain", "figure"), **known}


def chart_figure(spec: dict[str, Any], png: str, metadata: dict[str, Any]) -> str:
    """HTML of a Vega-Lite chart: its PNG with alt text, and the specification from which a script redraws it."""
    image = png_tag(png, **with_description(metadata, {"text/plain": spec.get("description", "chart")}))
    text = json.dumps(spec, ensure_ascii=False).replace("<", "\\u003c")
    return f'<figure class="chart">{image}<script type="application/json">{text}</script></figure>'


def linked(still: str, notebook: str) -> str:
    """HTML of an explorer's still, with a link to the notebook that runs it."""
    name = escape(notebook)
    link = f'<a href="{name}" download>{name.rpartition("/")[2]}</a>'
    return still.replace(NEEDS, f"This explorer needs a kernel: open {link} in JupyterLab.")
