"""Pages to print: the notebooks of a route one after another, and a PDF of each page if Chromium is installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from html import escape
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook

from mrilib.classroom.routes import ROUTES, TAG, Route
from mrilib.site.notebook_page import FOLDED, LEFT_OUT, WHOLE, badge_of, page_notebook
from mrilib.site.pages import Page
from mrilib.store.project import label

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
SECONDS = 300  # that a browser may take for one PDF
FENCED = re.compile(r"(```.*?```)", re.DOTALL)
HEADING = re.compile(r"^(?=#+ )", re.MULTILINE)
NEW_SHEET = '<div class="new-sheet"></div>'
ABOUT = """This page has the notebooks of this route, one after another, to print or to read without a kernel.
Explorers are still pictures, and the code is on each notebook's own page."""


def name_of(route: Route) -> str:
    """Name of a route's page."""
    return f"route_{route.name.replace(' ', '_')}"


def title_of(route: Route) -> str:
    """Heading of a route's page."""
    return f"Route of {route.name}, to print"


def printable(pages: Sequence[Page]) -> list[Route]:
    """Routes with a page for at least one notebook."""
    numbers = {page.name[:2] for page in pages}
    return [route for route in ROUTES if numbers & route.minutes.keys()]


def link(route: Route) -> str:
    """Markdown link to a route's page, with a place for the link to its PDF."""
    return f"[{title_of(route)}]({name_of(route)}.ipynb){_place(name_of(route))}"


def route_notebook(
    route: Route, pages: Sequence[Page], missing: Sequence[str], files: Path, terms: Mapping[str, str]
) -> NotebookNode:
    """All notebooks of a route in one, without code and provenance; `files` and `terms` as for `page_notebook`.

    `missing` has the names of the notebooks without a run; those of the route are named at the top.
    """
    by_number, names = {page.name[:2]: page for page in pages}, {page.name for page in pages}
    lacking = [label(name) for name in missing if name[:2] in route.minutes]
    about = f"{ABOUT} Not on this site because they have no complete run: {', '.join(lacking)}." if lacking else ABOUT
    cells = [new_markdown_cell(f"# {title_of(route)}\n\n{about}{_place(name_of(route))}")]
    for number in route.minutes:
        if number in by_number:
            cells += _chapter(by_number[number], names, files, terms)
    return new_notebook(cells=cells, metadata={"nosearch": True, **next(iter(by_number.values())).content.metadata})


def _chapter(page: Page, names: Collection[str], files: Path, terms: Mapping[str, str]) -> list[NotebookNode]:
    """Cells of one notebook, with its headings one level lower, starting on a new sheet."""
    *cells, _provenance = page_notebook(page, names, files, terms).cells
    for cell in cells:
        if TAG in cell.metadata.get("tags", ()):
            cell.source = badge_of(cell.source)
    kept = [cell for cell in cells if cell.source]
    for cell in kept:
        cell.id = f"{page.name}-{cell.id}"[-64:]  # the longest that there may be
        if cell.cell_type == "markdown":
            cell.source = _lowered(cell.source).replace('"#provenance"', f'"{escape(page.name)}.html#provenance"')
        elif cell.cell_type == "code":
            cell.metadata["tags"] = [LEFT_OUT if tag in (FOLDED, WHOLE) else tag for tag in cell.metadata["tags"]]
    return [new_markdown_cell(NEW_SHEET), *kept]


def _lowered(source: str) -> str:
    parts = FENCED.split(source)
    parts[::2] = [HEADING.sub("#", part) for part in parts[::2]]
    return "".join(parts)


def _place(name: str) -> str:
    return f'<span class="pdf-of-{name}"></span>'


def write_pdfs(site: Path, routes: Sequence[Route]) -> list[str]:
    """Print the pages of the routes to PDF, link to the PDFs written, and return warnings about the others.

    Without Chromium on the PATH, there are neither PDFs nor warnings.
    """
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return []
    warnings, linked = [], [site / "index.html", *(site / f"{name_of(route)}.html" for route in routes)]
    for name in map(name_of, routes):
        if (wrong := _print(browser, site / f"{name}.html", site / f"{name}.pdf")) is not None:
            warnings.append(f"{name}.pdf: not written: {wrong}")
            continue
        for page in linked:
            text = page.read_text(encoding="utf-8")
            page.write_text(text.replace(_place(name), f' (<a href="{name}.pdf">PDF</a>)'), encoding="utf-8")
    return warnings


def _print(browser: str, page: Path, target: Path) -> str | None:
    """Print a page with its charts to PDF; returns what went wrong."""
    options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", "--virtual-time-budget=30000"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium has none for root; the page is ours and asks for nothing outside
    command = [browser, *options, f"--print-to-pdf={target}", page.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = done.stderr.strip().splitlines() or [f"{Path(browser).name} ended with {done.returncode}"]
    return None if target.is_file() else said[-1]
