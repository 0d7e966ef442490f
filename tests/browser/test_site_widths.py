"""The site on a telephone, at the width of a laptop, and on paper."""

import pytest
from site_page import SPILLS, page, settled

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", ["index", "claims", "01_chart", "02_explorer", "lessons", "genindex"])
def test_a_telephone_shows_it_all(browser, tiny, name):
    with page(browser, tiny / f"{name}.html") as tab:
        tab.set_viewport_size({"width": 390, "height": 844})
        settled(tab)
        assert tab.evaluate(SPILLS) <= 0
        for figure in tab.locator("figure.chart svg.marks").all():
            assert figure.bounding_box()["width"] >= 380, "letters of a size to be read; the figure scrolls"


def test_on_a_telephone_what_goes_on_beside_the_edge_fades_and_takes_the_keyboard(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        tab.set_viewport_size({"width": 390, "height": 844})
        settled(tab)
        chart = tab.locator("figure.chart.more")
        assert chart.get_attribute("tabindex") == "0"
        chart.evaluate("e => e.scrollTo(e.scrollWidth, 0)")
        tab.wait_for_selector("figure.chart:not(.more)")


@pytest.mark.parametrize(("width", "beside"), [(390, 2), (1280, 4)])
def test_four_images_of_an_explorer_fit_their_page(browser, tiny, width, beside):
    with page(browser, tiny / "02_explorer.html") as tab:
        tab.set_viewport_size({"width": width, "height": 844})
        settled(tab)
        boxes = [image.bounding_box() for image in tab.locator(".explorer figure img").all()]
        assert all(140 <= box["width"] <= 190 for box in boxes)
        assert len([box for box in boxes if box["y"] == boxes[0]["y"]]) == beside


def test_the_meaning_of_a_term_at_the_edge_stays_on_the_page(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        tab.set_viewport_size({"width": 390, "height": 844})
        term = tab.locator("abbr.term")
        term.evaluate("e => { e.style.marginInlineStart = '260px' }")
        term.focus()
        assert tab.evaluate(SPILLS) <= 0
        assert float(term.evaluate("e => getComputedStyle(e, '::after').left").removesuffix("px")) < 0


def test_charts_grow_with_the_letters_of_the_page(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        settled(tab)
        chart = tab.locator("figure.chart svg.marks")
        drawn = float(chart.get_attribute("width"))
        assert chart.bounding_box()["width"] == pytest.approx(1.25 * drawn, abs=1)
        tab.set_viewport_size({"width": 390, "height": 844})
        assert chart.bounding_box()["width"] == pytest.approx(max(drawn, 620), abs=1), "more of it is seen at once"


def test_on_paper_code_is_not_cut(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        tab.emulate_media(media="print")
        tab.evaluate("() => { for (const one of document.querySelectorAll('details')) one.open = true }")
        for code in tab.locator(".bd-content pre").all():
            assert code.evaluate("e => getComputedStyle(e).whiteSpace") == "pre-wrap"


def test_code_that_is_folded_leaves_no_bar_on_paper(browser, tiny):
    with page(browser, tiny / "01_chart.html") as tab:
        tab.emulate_media(media="print")
        assert tab.locator("details.above-input").count() == 1
        assert not tab.locator("details.above-input").is_visible()


def test_on_paper_a_title_stands_at_the_left_and_claims_run_on_over_the_sheets(browser, tiny):
    with page(browser, tiny / "claims.html") as tab:
        tab.emulate_media(media="print")
        for table in tab.locator("table.claims").all():
            assert table.evaluate("e => getComputedStyle(e).breakInside") == "auto"
        title = tab.locator("#jb-print-docs-body h1")
        assert title.evaluate("e => getComputedStyle(e).textAlign") == "start"


def test_in_the_dark_theme_the_other_picture_is_seen(browser, tiny):
    for theme, seen, hidden in (("light", "on-light", "on-dark"), ("dark", "on-dark", "on-light")):
        with page(browser, tiny / "01_chart.html", theme=theme) as tab:
            assert tab.locator(f".cell_output img.{seen}").is_visible()
            assert not tab.locator(f".cell_output img.{hidden}").is_visible()
            tab.emulate_media(media="print")
            tab.locator(".cell_output img.on-light").wait_for(state="visible")  # paper is white; the image loads now
