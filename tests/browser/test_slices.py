"""The explorer of slices in JupyterLab: controls by keyboard, the grey window by drag and keys, errors in sight."""

import re
import statistics
from pathlib import Path

import pytest
import torch
from axe_faults import faults
from jupyterlab_page import DARK, in_words
from notebook_cells import copy_needed

from mrilib.data.catalogue import distribution
from mrilib.data.fetch import locate
from mrilib.data.simulated import simulated_slices
from mrilib.data.volumes import read_slice, write_volume

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "19_from_simulation_to_scanner.ipynb"
# Milliseconds from a key on the images to the last pixel: the listener draws before it returns.
REDRAW = """strip => { const started = performance.now();
  strip.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowUp", bubbles: true }));
  return performance.now() - started }"""
TARGET, ZERO_FILLED, IMAGE, ERROR = range(4)


@pytest.fixture
def folder(desk):
    """Beside the notebooks: a volume of two slices, and after it a truncated one."""
    place = desk.root / "scans"
    kspace = [read_slice(*one).kspace for one in simulated_slices(distribution("brain_axt2"), "test", 2)]
    write_volume(place / "a.h5", torch.stack(kspace), attributes={"acquisition": "AXT2"})
    (place / "b.h5").write_bytes((place / "a.h5").read_bytes()[:20_000])
    return place


def pixels(explorer):
    """What is painted on each canvas."""
    return [canvas.evaluate("canvas => canvas.toDataURL()") for canvas in explorer.box.locator("canvas").all()]


def changed(before, after):
    return {n for n, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}


def window(explorer):
    """Level and width, as the page says them."""
    said = explorer.box.locator("output").inner_text()
    return tuple(map(float, re.search(r"level ([\d.]+), width ([\d.]+)", said).groups()))


def drag(page, explorer, right, down):
    box = explorer.box.locator("canvas").first.bounding_box()
    x, y = box["x"] + 90, box["y"] + 90
    page.tab.mouse.move(x, y)
    page.tab.mouse.down()
    page.tab.mouse.move(x + right, y + down, steps=3)
    page.tab.mouse.up()


def test_controls_by_keyboard_errors_in_the_view_and_the_window_without_a_kernel(desk, folder, record_property):
    name = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "slices_explorer")
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("look in")
        names = [canvas.get_attribute("aria-label") for canvas in explorer.box.get_by_role("img").all()]
        kind = "measured" if locate("brain-vfa") else "simulated"
        assert [name.split(":")[0] for name in names[:2]] == [f"target ({kind})", "zero-filled"]
        explorer.control("look in").fill(str(folder))
        explorer.press("look in", "Enter")
        assert re.match(r"a\.h5, slice 1 \(of 2\): measured, AXT2, 12 coils, [\d.]+×", explorer.words())
        took, seen = [], [pixels(explorer)]
        for label, key, expected in (
            ("slice", "ArrowDown", {TARGET, ZERO_FILLED, IMAGE, ERROR}),
            ("network", "ArrowDown", {IMAGE, ERROR}),
            ("slice", "ArrowUp", {TARGET, ZERO_FILLED, IMAGE, ERROR}),
            ("network", "ArrowUp", {IMAGE, ERROR}),
            ("network", "ArrowUp", {ZERO_FILLED, IMAGE, ERROR}),  # of another acceleration
            ("network", "ArrowDown", {ZERO_FILLED, IMAGE, ERROR}),
        ):
            took.append(explorer.press(label, key))
            seen.append(pixels(explorer))
            assert changed(*seen[-2:]) == expected, (label, key)
        assert seen[-1] == seen[0]
        explorer.press("volume", "ArrowDown")
        assert "truncated" in explorer.view.get_by_role("alert").inner_text()
        assert not explorer.box.locator("canvas").first.is_visible()
        explorer.press("volume", "ArrowUp")
        assert pixels(explorer) == seen[0]
        for label in ("look in", "folder", "volume", "slice", "network"):
            assert explorer.box.get_by_label(label, exact=True).count() == 1
        explorer.control("look in").fill(str(folder / "nowhere"))
        explorer.press("look in", "Enter")
        assert "look in: no .h5 file in" in explorer.view.get_by_role("alert").inner_text()
        assert faults(page.tab, ".jp-OutputArea-output") == []
        record_property("key to view", in_words(took))
        explorer.control("look in").fill(str(folder))
        explorer.press("look in", "Enter")
        page.look(DARK, 1920)
        assert faults(page.tab, ".jp-OutputArea-output") == []
        page.tab.evaluate("() => window.jupyterapp.serviceManager.sessions.shutdownAll()")
        times = move_the_window(page, explorer)
    record_property("key to redrawn window", f"{statistics.median(times):.1f} ms in the median of {len(times)}")


def move_the_window(page, explorer):
    """Level and width by drag and keys, there and back; returns how long a redraw takes, in ms."""
    strip = explorer.box.get_by_role("group", name="Drag over the images")
    start = pixels(explorer)
    assert window(explorer) == (0.5, 1.0)
    drag(page, explorer, right=30, down=-30)
    assert window(explorer) == pytest.approx((0.6, 1.1))
    dragged = pixels(explorer)
    assert changed(start, dragged) == {TARGET, ZERO_FILLED, IMAGE, ERROR}
    explorer.box.get_by_role("button", name="reset window").press("Enter")
    assert pixels(explorer) == start
    strip.focus()
    for key in ["ArrowUp", "ArrowRight"] * 5:
        strip.press(key)
    assert window(explorer) == pytest.approx((0.6, 1.1))
    assert pixels(explorer) == dragged, "keys do what dragging does"
    for key in ["ArrowDown", "ArrowLeft"] * 5:
        strip.press(key)
    assert pixels(explorer) == start
    explorer.box.get_by_role("slider", name="width").press("ArrowLeft")
    assert window(explorer) == pytest.approx((0.5, 0.98))
    return [strip.evaluate(REDRAW) for _ in range(20)]
