"""Notebook of a page: outputs that need no kernel, links within the site, provenance at both ends."""

import re
from collections.abc import Collection
from copy import deepcopy
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from mrilib.site.outputs import shown
from mrilib.site.pages import Page
from mrilib.site.provenance import badge, footer

DOWNLOADS = "notebooks"  # folder of the site with the notebooks as shipped
RELATIVE = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|#)([^)\s#]+)(?:#[^)]*)?\)")


def page_notebook(page: Page, names: Collection[str], files: Path) -> NotebookNode:
    """Prepare the executed notebook for the site; images are written below `files`.

    Args:
        page: page to prepare.
        names: names of all notebooks that have a page; links to others become text.
        files: folder of the site's files.
    """
    content = deepcopy(page.content)
    download = f"{DOWNLOADS}/{page.source.name}"
    for cell in content.cells:
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source, names)
        for position, output in enumerate(cell.get("outputs", ())):
            cell.outputs[position] = shown(output, download, files)
    manifest = page.run.manifest
    first = content.cells[0]
    heading, _, rest = first.source.partition("\n")
    first.source = f"{heading}\n\n{badge(manifest, download)}\n\n{rest}"
    content.cells.append(new_markdown_cell(f"## Provenance\n\n{footer(manifest)}"))
    return content


def linked(source: str, names: Collection[str]) -> str:
    """Replace relative Markdown links to targets without a page by text."""

    def keep(found: re.Match[str]) -> str:
        text, target = found.groups()
        if target.removesuffix(".ipynb") in names:
            return found[0]
        return f"{text} (not on this site)"

    return RELATIVE.sub(keep, source)
