"""The look for weak contrast leaves out repeats, and nothing else."""

import pytest
from axe_faults import faults

pytestmark = pytest.mark.browser

WORDS = "<p>strong</p>" * 50


@pytest.mark.parametrize(
    "weak",
    [
        "<p style='color: #aaa'>weak</p>",
        "<div style='background: #333'><p>weak</p></div>",
        "<div style='opacity: 0.3'><p>weak</p></div>",
        "<p><span style='color: #aaa'>weak</span> in a sentence</p>",
        "<input aria-label='typed' value='weak' style='color: #aaa; background: #fff'>",
    ],
)
def test_one_weak_word_among_many_strong_ones_is_found(browser, weak):
    tab = browser.new_page()
    try:
        for body in (WORDS + weak + WORDS, weak + WORDS, WORDS + weak):
            tab.set_content(f"<html lang='en'><title>t</title><body><main><h1>t</h1>{body}</main></body></html>")
            found = faults(tab)
            assert [fault.partition(":")[0] for fault in found] == ["color-contrast"]
            assert "weak" in found[0]
        tab.set_content(f"<html lang='en'><title>t</title><body><main><h1>t</h1>{WORDS}</main></body></html>")
        assert faults(tab) == []
    finally:
        tab.close()


def test_words_are_looked_at_on_one_page_of_many_until_they_have_no_fault(browser):
    """A page whose words were strong before is not looked at again; one that had a fault is."""
    tab, looks = browser.new_page(), set()
    weak, page = "<p style='color: #aaa'>weak</p>", "<html lang='en'><title>t</title><main><h1>t</h1>{}</main></html>"
    try:
        for _ in range(2):
            tab.set_content(page.format(WORDS))
            assert faults(tab, looks=looks) == []
            assert len(looks) == 2, "of the heading and of the paragraphs"
            tab.set_content(page.format(WORDS + weak))
            assert [fault.partition(":")[0] for fault in faults(tab, looks=looks)] == ["color-contrast"]
            assert len(looks) == 2
    finally:
        tab.close()


def test_the_same_words_are_looked_at_again_after_a_change(browser):
    tab = browser.new_page()
    try:
        tab.set_content(f"<html lang='en'><title>t</title><body><main><h1>t</h1>{WORDS}</main></body></html>")
        assert faults(tab, colours_only=True) == []
        tab.evaluate("() => { [...document.querySelectorAll('p')].at(-1).style.color = '#aaa' }")
        assert len(faults(tab, colours_only=True)) == 1
    finally:
        tab.close()
