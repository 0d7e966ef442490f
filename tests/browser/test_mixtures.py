"""Mixtures in JupyterLab: the explorer by keyboard, and the slider that needs no kernel, there and on a plain page."""

import re
from pathlib import Path
from typing import Any

import pytest
import vl_convert
from axe_faults import faults
from jupyterlab_page import LOCAL, in_words
from notebook_cells import copy_needed

from mrilib.figures.bound import scrubbed_chart

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "03_mixtures.ipynb"
ROWS = [
    {"x": x / 2, "value": x / 10, "name": name, "low": x / 10, "high": x / 10} for x in range(3) for name in ("a", "b")
]


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [a != b for a, b in zip(before, after, strict=True)]


def set_slider(slider: Any, value: float) -> None:
    """Move a slider of the page as dragging does."""
    slider.evaluate("(node, value) => { node.value = value; node.dispatchEvent(new Event('input')) }", value)


def test_the_explorer_and_the_slider_without_a_kernel(desk, record_property):
    name = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "explore_mixtures", "curves_chart")
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("share of Q")
        took = []
        for key in ("ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft"):
            before = explorer.sources()
            took.append(explorer.press("share of Q", key))
            assert changed(before, explorer.sources()) == [True, False, True, False, True], "chart and both images"
        assert "Share of Q 0.25: SSIM on P 0.893" in explorer.words()
        explorer.press("shift", "ArrowDown")
        assert "mrilib run 03 -p shift dataset -p coefficient 0.25" in explorer.words()
        assert len(explorer.sources()) == 1, "the chart of the stored scores"
        explorer.press("share of Q")
        assert "Share of Q 1: SSIM on P" in explorer.words()
        assert len(explorer.sources()) == 5, "networks of Q alone are with the package"
        assert page.errors == []
        moved = page.tab.locator(".vega-embed", has=page.tab.locator("text:text-is('SSIM on brains (Q):')"))
        assert "0.878 [0.862, 0.890]" in moved.inner_text()
        set_slider(moved.locator("input[type=range]"), 1.0)
        moved.locator("text:text-is('share of brains 1')").wait_for()
        assert "0.901 [0.891, 0.911]" in moved.inner_text()
        assert faults(page.tab, ".jp-OutputArea-output") == []
    record_property("key to view", in_words(took))


def test_on_a_plain_page_the_slider_takes_the_keyboard(browser, tmp_path):
    chart = scrubbed_chart(ROWS, "x", "value", "name", x_title="time", y_title="score", alt="two curves", chosen=0)
    (tmp_path / "page.html").write_text(vl_convert.vegalite_to_html(chart.to_dict(), bundle=True, renderer="svg"))
    tab, outside, errors = browser.new_page(), [], []
    tab.on("request", lambda r: None if LOCAL.match(r.url) or r.url.startswith("file:") else outside.append(r.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.goto(f"file://{tmp_path}/page.html")
    slider = tab.locator("input[type=range]")
    slider.focus()
    for place, value in ((0.5, "0.100"), (1, "0.200")):
        slider.press("ArrowRight")
        tab.locator(f"text:text-is('time {place}')").wait_for()
        assert re.findall(r"\d\.\d{3}", " ".join(tab.locator("svg.marks text").all_text_contents())) == [value, value]
    tab.close()
    assert errors == outside == []
