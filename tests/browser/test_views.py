"""Executed notebooks as a reader sees them: JupyterLab in headless Chromium, without network.

Screenshots of every notebook, screen by screen, go to the folder named by MRILIB_SCREENSHOTS.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from axe_faults import faults
from jupyterlab_page import opened

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
VIEWS = [("JupyterLab Light", 1280), ("JupyterLab Dark", 1920)]
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
SCROLLER = "document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer')"
CELLS = "[...document.querySelectorAll('.jp-Notebook .jp-Cell')]"
# Height down to the last cell (JupyterLab can scroll on into emptiness) and height of the screen.
EXTENT = f"""() => {{
  const panel = {SCROLLER}, end = {CELLS}.at(-1).getBoundingClientRect().bottom;
  return [end - panel.getBoundingClientRect().top + panel.scrollTop, panel.clientHeight] }}"""


def _stored(notebook: Path) -> tuple[int, list[str]]:
    """Number of figures in an executed notebook, and the errors that its cells raised."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    figures = sum(bool({VEGA, "image/png"} & output.get("data", {}).keys()) for output in outputs)
    return figures, [output["ename"] for output in outputs if output["output_type"] == "error"]


def _photograph(tab: Any, folder: Path, stem: str) -> int:
    """Scroll through the notebook and save one PNG per screen; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    height, screen = tab.evaluate(EXTENT)
    tops = range(0, max(1, int(height) - 40), int(screen) - 40)
    for index, top in enumerate(tops):
        tab.evaluate(f"top => {{ {SCROLLER}.scrollTop = top }}", top)
        tab.wait_for_timeout(200)
        tab.screenshot(path=folder / f"{stem}-{index:02d}.png")
    return len(tops)


@pytest.mark.parametrize(("theme", "width"), VIEWS, ids=["light-1280", "dark-1920"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_executed_notebook_reads_well(
    source: Path, theme: str, width: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    executed = ROOT / "runs" / source.stem / "quick" / "notebook.ipynb"
    if not executed.exists():
        pytest.skip(f"no executed copy: mrilib run {source.stem} --profile quick")
    browser, lab = request.getfixturevalue("browser"), request.getfixturevalue("lab")
    shutil.copyfile(executed, lab.root / f"{source.stem}.ipynb")
    expected, errors = _stored(executed)
    with opened(browser, lab, f"{source.stem}.ipynb", theme, width) as page:
        tab = page.tab
        tab.wait_for_function(f"expected => ({FIGURES})().filter(f => f.loaded).length >= expected", arg=expected)
        tab.wait_for_timeout(1500)
        figures, overflows, failures = (tab.evaluate(script) for script in (FIGURES, OVERFLOWS, FAILURES))
        found = faults(tab, ".jp-OutputArea-output")
        folder = Path(os.environ.get("MRILIB_SCREENSHOTS") or tmp_path)
        screens = _photograph(tab, folder, f"{source.stem}-{theme.split()[-1].lower()}-{width}")
    assert errors + failures == []
    assert page.outside == []
    assert found == [], "for readers with a screen reader, a keyboard or weak eyes"
    assert [f for f in figures if not f["name"].strip()] == [], "figures without alt text"
    assert [f for f in figures if min(f["width"], f["height"]) < 20 or not f["loaded"]] == [], "invisible figures"
    assert overflows == [], "wider than their place"
    assert screens >= 1
