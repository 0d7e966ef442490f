"""The explorer of early stopping in JupyterLab: scrubbed, its rule moved, and run and stopped, by keyboard."""

import os
import re
from pathlib import Path

import pytest
from axe_faults import faults
from jupyterlab_page import DARK, in_words
from notebook_cells import copy_needed

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "05_early_stopping_and_ablation.ipynb"
SHOWN = re.compile(r"Iteration (\d+): SSIM (\d\.\d{3})\. The rule “([^,”]+)")
TAKEN = re.compile(r"returns the image of iteration (\d+): SSIM (\d\.\d{3})")
ENDED = re.compile(r"ended after (\d+) iterations: (.*)\.")
MOVES = (
    ("window w", "Home"),
    *[("rule", "ArrowDown")] * 3,
    *[("window w", "ArrowRight")] * 2,
    ("rule", "End"),
)


def push(explorer, name):
    """Press a button by its name with the keyboard."""
    button = explorer.box.get_by_role("button", name=name)
    button.focus()
    button.press("Enter")


def message(explorer, role, words):
    """The explorer's message, once it holds these words."""
    said = explorer.box.locator(f"[role={role}]", has_text=words)
    said.wait_for()
    return said.inner_text()


def photograph(page, name):
    """A screenshot into the folder named by MRILIB_SCREENSHOTS, if one is."""
    if folder := os.environ.get("MRILIB_SCREENSHOTS"):
        page.tab.wait_for_timeout(400)
        page.tab.screenshot(path=Path(folder) / f"explorer-stopping-{name}.png")


def test_every_control_and_a_run_started_refused_and_stopped_by_keyboard(desk, record_property):
    name = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "explore_stopping", long_iterations=80, window=8)
    with desk.opened(name) as page:
        page.run_all()
        explorer, took = page.explorer("window w"), []
        photograph(page, "light")
        seen = set()
        for key in ("ArrowRight", "ArrowRight", "Home", "End", "ArrowLeft", "ArrowLeft"):
            target, image, error, curves = explorer.sources()
            taken = TAKEN.search(explorer.words()).groups()
            took.append(explorer.press("iteration", key))
            sources = explorer.sources()
            assert sources[0] == target
            assert not {image, error, curves} & set(sources), key
            assert TAKEN.search(explorer.words()).groups() == taken, "the stop is not the reader's"
            seen.add(SHOWN.search(explorer.words()).groups()[:2])
        assert {iteration for iteration, _ in seen} == {"0", "2", "4", "78", "76", "74"}
        assert len({score for _, score in seen}) > 3
        stops = []
        for label, key in MOVES:
            *images, curves = explorer.sources()
            took.append(explorer.press(label, key))
            assert explorer.sources()[:3] == images, "another rule does not change the image on the screen"
            assert explorer.sources()[3] != curves, (label, key)
            stops.append((SHOWN.search(explorer.words())[3], int(TAKEN.search(explorer.words())[1])))
        named = ["error rises", "error rises", "no new best for 1 iterations", *["fixed"] * 3, "best image (oracle)"]
        assert [rule for rule, _ in stops] == named
        assert stops[0][1] < 20, "with a window of one iteration the rule stops at the first rise"
        assert [iteration for rule, iteration in stops if rule == "fixed"] == [1, 2, 3]
        for label in ("iteration", "window w"):
            assert explorer.control(label).get_attribute("aria-label") == label
        assert faults(page.tab, ".jp-OutputArea-output") == []
        record_property("key to view", in_words(took))
        explorer.press("rule", "Home")
        page.look(DARK, 1920)
        start_and_stop(page, explorer, record_property)


def start_and_stop(page, explorer, record_property):
    """A run of another slice, no second one beside it, the first stopped, and back to the slice of the notebook."""
    explorer.press("slice", "ArrowDown")
    assert "no images of this slice yet" in explorer.words()
    push(explorer, "Run TTT")
    message(explorer, "status", "simulated slice 1 is running")
    page.tab.wait_for_function("view => view.querySelectorAll('img').length === 4", arg=explorer.view.element_handle())
    run, stop = (explorer.box.get_by_role("button", name=name) for name in ("Run TTT", "Stop"))
    assert (run.is_disabled(), stop.is_disabled()) == (True, False), "nothing to press twice"
    photograph(page, "dark")
    push(explorer, "Stop")
    pressed = page.tab.evaluate("() => performance.now()")
    count, reason = ENDED.search(message(explorer, "status", "ended after")).groups()
    waited = page.tab.evaluate("() => performance.now()") - pressed
    assert reason == "the run was stopped"
    assert 0 < int(count) < 80
    assert f"the {count} iterations so far" in explorer.words()
    before = explorer.sources()
    if int(count) > 2:
        explorer.press("iteration", "Home")
        assert explorer.sources()[1:] != before[1:]
    assert SHOWN.search(explorer.words())[1] == "0"
    explorer.press("slice", "ArrowUp")
    assert "Best of 80 iterations" in explorer.words()
    assert (run.is_disabled(), stop.is_disabled()) == (False, True)
    record_property("stop to end of the run", f"{waited:.0f} ms")
