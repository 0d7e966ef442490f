"""What all explorers share, in JupyterLab and Jupyter Notebook 7.

Values for screen readers, mouse and Tab key, narrow pages, a second run, an ended kernel.
"""

import os
import re
import signal

import nbformat
import pytest
from axe_faults import faults
from nbformat.v4 import new_code_cell, new_notebook

pytestmark = pytest.mark.browser

SOURCE = """
import os, ipywidgets
from mrilib.figures.frame import WIDE, explorer
sizes = ipywidgets.SelectionSlider(options=[16, 32, 64, 128], value=32, description="measured", **WIDE)
noise = ipywidgets.FloatSlider(value=0.5, min=0, max=1, step=0.05, description="noise / signal", **WIDE)
kind = ipywidgets.Dropdown(options=["random", "equispaced"], description="mask")
explorer({"size": sizes, "noise": noise, "kind": kind},
         lambda size, noise, kind: f"<p>process {os.getpid()}, {len(ipywidgets.Widget.get_manager_state()['state'])} "
         f"widgets, {size} at {noise:.2f}, {kind}</p>")
"""
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
SAID = ".mrilib-kernel"
SPILLS = """box => { const edge = box.closest(".jp-OutputArea-output").getBoundingClientRect().right + 1;
  return [...box.querySelectorAll("label, select, button, .widget-readout, .noUi-target")]
    .filter(node => node.getBoundingClientRect().right > edge || node.scrollWidth > node.clientWidth + 1)
    .map(node => node.outerHTML.slice(0, 80)) }"""
NO_ERROR_OF_THE_PAGE = re.compile("WebSocket|kernel|Failed to load resource|[Cc]omm")  # said of a kernel that ended


@pytest.fixture(params=["desk", "notebook7"])
def opened(request):
    """The explorer of a notebook of its own, run; what the console says of an ended kernel is excused."""
    place = request.getfixturevalue(request.param)
    name = f"{request.node.originalname}.ipynb"  # each its own: the session of the one before may still be ending
    nbformat.write(new_notebook(cells=[new_code_cell(SOURCE)], metadata=KERNEL), place.root / name)
    with place.opened(name) as page:
        page.run_all()
        yield page, page.explorer("measured")
        page.errors[:] = [line for line in page.errors if not NO_ERROR_OF_THE_PAGE.search(line)]


def process(explorer):
    return int(re.search(r"process (\d+)", explorer.words())[1])


def text_of(explorer, label):
    return explorer.control(label).get_attribute("aria-valuetext")


def seconds_until(page, explorer, words):
    """Seconds from now until the explorer's message holds these words."""
    started = page.tab.evaluate("() => performance.now()")
    explorer.box.locator(SAID, has_text=words).wait_for(state="attached", timeout=20_000)
    return (page.tab.evaluate("() => performance.now()") - started) / 1000


def test_values_are_announced_as_they_are_shown(opened):
    _, explorer = opened
    assert (text_of(explorer, "measured"), text_of(explorer, "noise / signal")) == ("32", "0.50")
    explorer.press("measured", "ArrowRight")
    explorer.press("noise / signal", "ArrowLeft")
    explorer.tab.wait_for_function(
        "box => box.querySelector('[aria-valuetext=\"64\"]')", arg=explorer.box.element_handle()
    )
    assert (text_of(explorer, "measured"), text_of(explorer, "noise / signal")) == ("64", "0.45")


def test_the_mouse_moves_sliders_and_lists(opened):
    page, explorer = opened
    handle = explorer.control("measured").bounding_box()
    page.tab.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.tab.mouse.down()
    page.tab.mouse.move(handle["x"] + 2000, handle["y"], steps=5)
    page.tab.mouse.up()
    explorer.view.get_by_text("128 at 0.50, random").wait_for()
    explorer.control("mask").select_option("equispaced")
    explorer.view.get_by_text("128 at 0.50, equispaced").wait_for()


def test_tab_leads_from_control_to_control(opened):
    page, explorer = opened
    explorer.control("measured").focus()
    for _ in ("number beside it", "next slider"):
        page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("ArrowRight")
    explorer.view.get_by_text("32 at 0.55").wait_for()
    for _ in ("number beside it", "list"):
        page.tab.keyboard.press("Tab")
    page.tab.keyboard.press("ArrowDown")
    explorer.view.get_by_text("32 at 0.55, equispaced").wait_for()


def test_nothing_is_clipped_at_800_pixels(opened):
    page, explorer = opened
    page.tab.set_viewport_size({"width": 800, "height": 800})
    assert explorer.box.evaluate(SPILLS) == []
    for label in ("measured", "noise / signal", "mask"):
        assert explorer.control(label).bounding_box()["width"] > 10
    explorer.press("mask", "ArrowDown")
    assert faults(page.tab, ".jp-OutputArea-output") == []


def test_running_all_again_leaves_no_widgets_behind(opened):
    page, explorer = opened
    first, counts = process(explorer), []
    for key in ("ArrowRight", "ArrowLeft"):
        page.run_all()
        explorer = page.explorer("measured")
        explorer.press("measured", key)
        counts.append(re.search(r"(\d+) widgets", explorer.words())[1])
    assert process(explorer) == first
    assert counts[0] == counts[1]


def test_a_killed_kernel_is_said_within_three_seconds_of_the_next_touch(opened, record_property):
    page, explorer = opened
    assert explorer.box.locator(SAID).inner_text() == ""
    os.kill(process(explorer), signal.SIGKILL)
    explorer.control("measured").press("ArrowRight")
    took = seconds_until(page, explorer, "brings the controls back")
    assert took < 3
    record_property("touch to word of a dead kernel", f"{took:.1f} s")
    page.tab.locator(".jp-Dialog button").first.click()  # JupyterLab's own word that it restarts the kernel
    assert "has ended or was restarted" in explorer.box.locator(SAID).inner_text()
    assert faults(page.tab, ".jp-OutputArea-output") == []


def test_a_kernel_that_is_silent_is_said_until_it_answers(opened):
    page, explorer = opened
    number = process(explorer)
    os.kill(number, signal.SIGSTOP)
    try:
        explorer.control("measured").press("ArrowRight")
        assert seconds_until(page, explorer, "does not answer") < 3
    finally:
        os.kill(number, signal.SIGCONT)
    page.tab.wait_for_function("said => said.textContent === ''", arg=explorer.box.locator(SAID).element_handle())
    explorer.view.get_by_text("64 at").wait_for()  # what was asked meanwhile is answered, a little later


def test_a_kernel_that_is_shut_down_is_said_at_once(opened):
    page, explorer = opened
    page.tab.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
    assert seconds_until(page, explorer, "has ended or was restarted") < 3
