"""A notebook as a page: folded code, outputs that need no kernel, links within the site, provenance at both ends."""

import re
from collections.abc import Collection, Mapping, Sequence
from copy import deepcopy
from pathlib import Path, PurePosixPath

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from mrilib.site.glossary import explained
from mrilib.site.outputs import shown
from mrilib.site.pages import Page
from mrilib.site.provenance import badge, footer

DOWNLOADS = "notebooks"  # folder of the site with the notebooks as shipped
PLAN, LESSONS = "README", "lessons"  # the lesson plans beside the notebooks, and their page
# tags of MyST-NB: fold the code, fold the code and what it shows, leave out the code
FOLDED, WHOLE, LEFT_OUT = "hide-input", "hide-cell", "remove-input"
OPEN_WHOLE = {"code_prompt_show": "Show the table and its code", "code_prompt_hide": "Hide the table and its code"}
RELATIVE = re.compile(r"\[([^\]]+)\]\((?![a-z]+:|#)([^)\s#]+)((?:#[^)]*)?)\)")
ONLY_SHOWS_CODE = re.compile(r"show_source\([^()]*\)")
SECTION = re.compile(r"^## ", re.MULTILINE)
NEEDS_KERNEL = re.compile(r"^.*Run All Cells.*$", re.MULTILINE)
WITHOUT_KERNEL = (
    "*Charts with sliders work here. Explorers are static pictures; open the notebook in JupyterLab to use them.*"
)


def page_notebook(
    page: Page, names: Collection[str], files: Path, terms: Mapping[str, str] | None = None
) -> NotebookNode:
    """Prepare the executed notebook for the site; images are written below `files`.

    Args:
        page: page to prepare.
        names: names of all notebooks that have a page; links to others become text.
        files: folder of the site's files.
        terms: glossary; see `explained`.
    """
    content = deepcopy(page.content)
    download, seen = f"{DOWNLOADS}/{page.source.name}", set[str]()
    for cell in content.cells:
        if cell.cell_type == "markdown":
            source = linked(NEEDS_KERNEL.sub(WITHOUT_KERNEL, cell.source), names)
            cell.source = explained(source, dict(terms or {}), seen)
        elif cell.cell_type == "code":
            cell.outputs = [one for output in cell.outputs if (one := shown(output, download, files)) is not None]
    content.cells = joined(content.cells)
    for cell in content.cells:
        if cell.cell_type == "code":
            fold(cell)
    manifest = page.run.manifest
    insert_below_first_figure(content.cells, badge(manifest, download))
    content.cells.append(new_markdown_cell(f"## Provenance\n\n{footer(manifest)}"))
    return content


def insert_below_first_figure(cells: list[NotebookNode], line: str) -> None:
    """Insert a line below the first figure, or into the strip of routes, which moves to the first section."""
    kinds = [cell.cell_type for cell in cells]
    at = kinds.index("code") + 1 if "code" in kinds else 1
    if at == len(cells) or not cells[at].source.startswith("> "):
        cells.insert(at, new_markdown_cell(line))
        return
    strip = cells.pop(at)
    strip.source += f"\n>\n> {line}"
    for place in range(at, len(cells)):
        head = SECTION.search(cells[place].source) if cells[place].cell_type == "markdown" else None
        if head:
            before, section = cells[place].source[: head.start()].rstrip(), cells[place].source[head.start() :]
            cells[place].source = section
            cells[place:place] = [*([new_markdown_cell(before)] if before else []), strip]
            return
    cells.append(strip)


def badge_of(strip: str) -> str:
    """The line that `insert_below_first_figure` added to a strip of routes; empty if there is none."""
    return strip.partition("\n>\n> ")[2]


def fold(cell: NotebookNode) -> None:
    """Tag a code cell, so that its code is folded; the call that shows a function's source is left out."""
    whole = bool(cell.metadata.get("jupyter", {}).get("outputs_hidden"))
    tag = LEFT_OUT if ONLY_SHOWS_CODE.fullmatch(cell.source.strip()) else WHOLE if whole else FOLDED
    cell.metadata["tags"] = [*cell.metadata.get("tags", ()), tag]
    cell.metadata |= {"mystnb": OPEN_WHOLE} if whole else {}


def joined(cells: Sequence[NotebookNode]) -> list[NotebookNode]:
    """The cells, with each code cell that shows nothing joined to the code right after it: one fold instead of several.

    Before the first output, code that shows nothing moves past text, too, so that a page begins with a picture.
    """
    kept: list[NotebookNode] = []
    silent: NotebookNode | None = None
    for cell in cells:
        if cell.cell_type != "code":
            if silent is not None and any(one.cell_type == "code" for one in kept):
                kept.append(silent)
                silent = None
            kept.append(cell)
            continue
        if silent is not None:
            cell.source = f"{silent.source}\n\n{cell.source}"
        if cell.outputs:
            kept.append(cell)
        silent = None if cell.outputs else cell
    return [*kept, *([] if silent is None else [silent])]


def linked(source: str, names: Collection[str]) -> str:
    """Point relative Markdown links to the pages of their targets, and replace links without such a page by text."""

    def keep(found: re.Match[str]) -> str:
        text, target, place = found.groups()
        file = PurePosixPath(target)
        if file.stem not in names:
            return f"{text} (not on this site)"
        return f"[{text}]({f'{LESSONS}.md' if file.stem == PLAN else file.name}{place})"

    return RELATIVE.sub(keep, source)
