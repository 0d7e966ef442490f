"""Executed notebooks as a reader sees them: JupyterLab in headless Chromium, without network.

Screenshots of every notebook, screen by screen in both themes, go to the folder named by MRILIB_SCREENSHOTS.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from axe_faults import faults
from jupyterlab_page import DARK, LIGHT, Page

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
VEGA = "application/vnd.vegalite.v5+json"

# One record per figure on the page: what it is called and how large it is drawn.
FIGURES = """() => [...document.querySelectorAll(
    '.jp-OutputArea-output img, .jp-OutputArea-output .vega-embed svg.marks')].map(node => ({
  kind: node.tagName.toLowerCase(),
  name: node.getAttribute('alt') || node.title
    || node.closest('[role="graphics-document"]')?.getAttribute('aria-label') || '',
  width: node.getBoundingClientRect().width,
  height: node.getBoundingClientRect().height,
  loaded: node.tagName !== 'IMG' || (node.complete && node.naturalWidth > 0)}))"""
OVERFLOWS = """() => [...document.querySelectorAll(
    '.jp-OutputArea-output, .jp-MarkdownOutput, .jp-CodeCell .cm-scroller')]
  .filter(node => node.scrollWidth > node.clientWidth + 2)
  .map(node => `${node.scrollWidth} > ${node.clientWidth}: ${node.innerText.slice(0, 60)}`)"""
# What JupyterLab writes in place of an output that it could not draw.
FAILURES = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
  .map(node => node.innerText.slice(-200))
  .filter(text => /Error (displaying|creating|loading|rendering)|Javascript Error/i.test(text))"""
# Drawn and at rest: the page's height is the same for five frames running.
SETTLED = """async () => {
  const height = () => document.querySelector('.jp-Notebook').scrollHeight;
  const before = height();
  for (let frame = 0; frame < 5; frame++) { await new Promise(requestAnimationFrame); }
  return height() === before }"""
SCROLLER = "document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer')"
CELLS = "[...document.querySelectorAll('.jp-Notebook .jp-Cell')]"
# Height down to the last cell (JupyterLab can scroll on into emptiness) and height of the screen.
EXTENT = f"""() => {{
  const panel = {SCROLLER}, end = {CELLS}.at(-1).getBoundingClientRect().bottom;
  return [end - panel.getBoundingClientRect().top + panel.scrollTop, panel.clientHeight] }}"""


def _stored(notebook: Path) -> tuple[int, list[str]]:
    """Number of figures that an executed notebook shows unfolded, and the errors that its cells raised."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    shown = [cell for cell in cells if not cell["metadata"].get("jupyter", {}).get("outputs_hidden")]
    drawn = [output.get("data", {}).keys() for cell in shown for output in cell.get("outputs", ())]
    figures = sum(bool({VEGA, "image/png"} & kinds) for kinds in drawn)
    return figures, [output["ename"] for output in outputs if output["output_type"] == "error"]


def _photograph(tab: Any, stem: str) -> None:
    """Scroll through the notebook and save one PNG per screen, if a folder was named for them."""
    if not (named := os.environ.get("MRILIB_SCREENSHOTS")):
        return
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    height, screen = tab.evaluate(EXTENT)
    for index, top in enumerate(range(0, max(1, int(height) - 40), int(screen) - 40)):
        tab.evaluate(f"top => {{ {SCROLLER}.scrollTop = top }}", top)
        tab.wait_for_timeout(200)
        tab.screenshot(path=folder / f"{stem}-{index:02d}.png")


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_executed_notebook_reads_well_in_both_themes(source: Path, request: pytest.FixtureRequest) -> None:
    folder = ROOT / "runs" / source.stem
    executed = next((f for name in ("quick", "smoke") if (f := folder / name / f"{folder.name}.ipynb").is_file()), None)
    if executed is None:
        pytest.skip(f"no executed copy: mrilib run {source.stem}")
    desk = request.getfixturevalue("desk")
    shutil.copyfile(executed, desk.root / f"{source.stem}.ipynb")
    expected, errors = _stored(executed)
    assert errors == []
    with desk.opened(f"{source.stem}.ipynb") as page:
        _look_through(page, LIGHT, 1280, expected, source.stem)
        _look_through(page, DARK, 1920, expected, source.stem, colours_only=True)


LOOKS: set[str] = set()  # of words on the notebooks before


def _look_through(page: Page, theme: str, width: int, expected: int, stem: str, colours_only: bool = False) -> None:
    """Every figure is drawn, named and of a size to be seen, nothing spills, axe finds nothing serious."""
    tab = page.tab
    page.look(theme, width)
    tab.wait_for_function(f"expected => ({FIGURES})().filter(f => f.loaded).length >= expected", arg=expected)
    tab.wait_for_function(SETTLED)
    figures, overflows, failures = (tab.evaluate(script) for script in (FIGURES, OVERFLOWS, FAILURES))
    assert failures == []
    found = faults(tab, ".jp-OutputArea-output", colours_only, LOOKS)
    assert found == [], f"in {theme}, for a screen reader, keys, weak eyes"
    assert [f for f in figures if not f["name"].strip()] == [], "figures without alt text"
    assert [f for f in figures if min(f["width"], f["height"]) < 20 or not f["loaded"]] == [], "invisible figures"
    assert overflows == [], "wider than their place"
    _photograph(tab, f"{stem}-{theme.split()[-1].lower()}-{width}")
