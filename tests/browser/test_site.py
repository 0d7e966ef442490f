"""The site from the disk in headless Chromium: nothing leaves the machine, charts move by keyboard, axe finds no fault.

The tiny site is built anew; where notebooks have run (`mrilib run --all`), their site is looked at as well.
Screenshots of it go to the folder named by MRILIB_SCREENSHOTS.
"""

import io
import os
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest
from axe_faults import faults
from jupyterlab_page import MOVE, in_words
from PIL import Image
from site_page import SPILLS, page, settled

from mrilib.site.build import build_site

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
THEME = "() => document.documentElement.dataset.theme"
SWITCH = """async theme => {
  document.documentElement.dataset.theme = document.documentElement.dataset.mode = theme;
  await new Promise(requestAnimationFrame);
  await Promise.all(document.getAnimations().map(animation => animation.finished)); }"""
PATHS = "() => [...document.querySelectorAll('figure.chart svg .mark-line path')].map(path => path.getAttribute('d'))"
SLIDERS = {"03_mixtures": 2, "route_90_minutes": 2}  # charts of a page that a slider moves without a kernel


@pytest.fixture(scope="module")
def served(tiny: Path) -> Iterator[str]:
    """Address of the tiny site on a web server of this machine."""
    handler = partial(QuietHandler, directory=str(tiny))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and keeps no log."""

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this checkout's runs."""
    if not list((ROOT / "runs").glob("0*/*/run.json")):
        pytest.skip("no notebook has run: `mrilib run --all`")
    site = build_site(ROOT, ROOT / "runs", tmp_path_factory.mktemp("full") / "site")
    assert site.warnings == []
    return site.folder


def test_a_slider_moves_its_chart_by_keyboard(browser, tiny, record_property):
    with page(browser, tiny / "01_chart.html") as tab:
        settled(tab)
        slider = tab.locator(".vega-bind input[type=range]")
        chart = tab.locator("figure.chart .chart-wrapper, figure.chart .vega-embed").first
        before, took = tab.evaluate(PATHS), []
        slider.focus()
        for steepness in ("0.75", "1"):
            tab.evaluate(MOVE, chart.element_handle())
            slider.press("ArrowRight")
            took.append(tab.evaluate("() => window.pressed"))
            assert slider.input_value() == steepness
            after = tab.evaluate(PATHS)
            assert after != before
            before = after
        heights = [float(y) for y in re.findall(r",(-?[\d.]+)", before[0])]
        assert heights[0] - heights[-1] == pytest.approx(heights[0]), "with the whole share it ends at the top"
        assert tab.locator("[role=graphics-document]").get_attribute("aria-label") == (
            "A line, </script> and steeper with the share"
        )
        assert all(took)
        record_property("key to chart", in_words(took))


def test_the_images_of_the_landing_page_follow_list_and_slider_by_keyboard(browser, tiny):
    with page(browser, tiny / "index.html") as tab:
        parts = tab.locator(".image-explorer fieldset")
        shown = parts.first.locator("figcaption")
        assert shown.inner_text() == "dot a, without, shift I"
        for label, caption in (
            ("network", "dot a, with, shift I"),
            ("slice", "dot b, with, shift I"),
            ("shift", "dot b, with, shift II"),
        ):
            parts.first.get_by_label(label).press("ArrowDown")
            assert shown.inner_text() == caption
            assert parts.first.locator("img").get_attribute("alt") == caption
        slider = parts.nth(1).get_by_label("iteration")
        slider.press("End")
        slider.press("ArrowLeft")
        assert slider.get_attribute("aria-valuetext") == "100"
        assert parts.nth(1).locator("figcaption").inner_text() == "iteration 100"


def move_sliders(tab: Any) -> int:
    """Press a key on every slider of a page; each must change its own chart. Returns how many there are."""
    figures = tab.locator("figure.chart", has=tab.locator(".vega-bind input[type=range]")).all()
    for figure in figures:
        figure.evaluate("e => e.closest('details')?.toggleAttribute('open', true)")
        slider, marks = figure.locator(".vega-bind input[type=range]"), figure.locator("svg.marks")
        before, start = marks.inner_html(), float(slider.input_value())
        slider.press("Home" if start == float(str(slider.get_attribute("max"))) else "End")
        assert float(slider.input_value()) != start
        tab.wait_for_function("([marks, before]) => marks.innerHTML !== before", arg=[marks.element_handle(), before])
    return len(figures)


def test_without_scripts_the_chart_is_an_image_with_alt_text(browser, tiny):
    with page(browser, tiny / "01_chart.html", scripts=False) as tab:
        image = tab.locator("figure.chart img")
        assert image.get_attribute("alt") == "A line, </script> and steeper with the share"
        assert image.bounding_box()["height"] > 100
        assert tab.locator("figure.chart svg").count() == 0


def test_formulas_are_drawn_in_the_font_of_the_site(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        tab.wait_for_function("() => document.fonts.check('16px \"STIX Two Math\"')")
        assert tab.locator("math").count() == 4
        theta, index = (tab.locator(f"math >> nth=0 >> mi >> nth={place}").bounding_box() for place in (0, 1))
        assert index["y"] + index["height"] > theta["y"] + theta["height"], "the index stands lower"


def test_the_theme_is_switched_by_keyboard(browser, served):
    paper = "() => getComputedStyle(document.body).backgroundColor"
    # from a server: of a page from the disk Chromium may have written the choice when the next one asks, or not yet
    with page(browser, f"{served}/index.html") as tab:
        assert tab.evaluate(paper) == "rgb(255, 255, 255)"
        tab.locator(".theme-switch-button:visible").press("Enter")
        tab.locator(".theme-change-button[data-mode=dark]:visible").press("Enter")
        tab.wait_for_function("() => document.documentElement.dataset.theme === 'dark'")
        assert max(map(int, re.findall(r"\d+", tab.evaluate(paper))[:3])) < 50
        tab.reload()
        assert tab.evaluate(THEME) == "dark", "the choice is kept"


def found(tab: Any) -> str:
    """Title of the first hit; the tab goes there."""
    hit = tab.locator("#search-results li a").first
    hit.wait_for()
    title = hit.inner_text()
    hit.click()
    tab.wait_for_url("**/01_chart.html*")
    return title


@pytest.mark.parametrize("word", ["zebrafish", "xylophone", "second"])
def test_the_search_finds_a_word_of_tables_outputs_and_text(browser, served, word):
    with page(browser, f"{served}/search.html?q={word}") as tab:
        assert found(tab) == "Does the chart move?"


def test_the_search_finds_a_word_from_the_disk_too(browser, tiny):
    with page(browser, f"{(tiny / 'search.html').as_uri()}?q=zebrafish", excused="[Ff]etch|ERR_FAILED") as tab:
        assert found(tab) == "Does the chart move?", "without an excerpt, which browsers refuse to read from the disk"


def test_links_and_badges_lead_somewhere(browser, tiny):
    with page(browser, tiny / "index.html") as tab:
        tab.locator("article a", has_text="01 chart").first.click()
        tab.wait_for_url("**/01_chart.html")
        assert "ran in 1:03 min" in tab.locator(".badge-line").inner_text()
        tab.locator("article a", has_text="02 explorer").click()
        tab.wait_for_url("**/02_explorer.html")
        assert "needs a kernel" in tab.locator(".explorer").inner_text()
        address = tab.locator(".explorer a").get_attribute("href")
        assert (tiny / address).is_file()


@pytest.mark.parametrize("name", ["index", "claims", "01_chart", "02_explorer"])
def test_axe_finds_nothing_serious(browser, tiny, name):
    with page(browser, tiny / f"{name}.html") as tab:
        settled(tab)
        assert tab.evaluate(THEME) == "light"
        assert faults(tab) == []
        tab.evaluate(SWITCH, "dark")
        assert faults(tab) == [], "in the dark"


def test_on_the_first_visit_nothing_complains(browser, tiny):
    with page(browser, tiny / "01_chart.html", theme="") as tab:
        settled(tab)
        assert tab.evaluate(THEME) in ("light", "dark")


def test_charts_follow_the_dark_theme(browser, tiny):
    with page(browser, tiny / "01_chart.html", theme="dark") as tab:
        settled(tab)
        chart = tab.locator("figure.chart")
        assert "invert" in chart.evaluate("e => getComputedStyle(e).filter")
        lightness = np.asarray(Image.open(io.BytesIO(chart.screenshot())).convert("L"))
        assert np.median(lightness) < 60, "dark paper"


def test_images_have_no_pale_frame_in_the_dark_theme(browser, tiny):
    with page(browser, tiny / "02_explorer.html", theme="dark") as tab:
        settled(tab)
        looks = "e => { const s = getComputedStyle(e); return [s.padding, s.backgroundColor, s.filter] }"
        assert tab.locator(".explorer figure img").first.evaluate(looks) == ["0px", "rgba(0, 0, 0, 0)", "none"]


def test_a_title_that_fills_its_line_has_no_empty_line_below(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        assert tab.locator("h1 > a.headerlink").evaluate("e => getComputedStyle(e).position") == "absolute"


def test_a_term_is_explained_on_hover_and_by_key(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        term = tab.locator("abbr.term")
        assert term.get_attribute("title") == "what training on Q has over training on P"
        term.focus()
        assert "what training" in term.evaluate("e => getComputedStyle(e, '::after').content")


def test_every_page_of_the_full_site_in_both_themes(browser, full):
    looks: set[str] = set()
    for file in sorted(full.glob("*.html")):
        with page(browser, file) as tab:
            settled(tab)
            assert move_sliders(tab) == SLIDERS.get(file.stem, 0), file.name
            for theme, width in (("light", 1280), ("dark", 1920)):
                tab.set_viewport_size({"width": width, "height": 1000})
                tab.evaluate(SWITCH, theme)
                found = faults(tab, colours_only=theme == "dark", looks=looks)
                assert found == [], f"{file.name} in {theme}"
                assert tab.evaluate(SPILLS) <= 0, f"{file.name} is wider than {width} pixels"
                if folder := os.environ.get("MRILIB_SCREENSHOTS"):
                    tab.screenshot(path=Path(folder) / f"site_{file.stem}_{theme}_{width}.png", full_page=True)
