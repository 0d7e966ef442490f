"""The explorer of the forward model in JupyterLab: every control by keyboard, and which images each must change."""

import re
from pathlib import Path

import pytest
from axe_faults import faults
from jupyterlab_page import DARK, in_words
from notebook_cells import copy_needed

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "01_forward_model.ipynb"
SCAN = {"fully sampled (simulated)", "coil 5"}
MASK = {"mask"}
RESULT = {"measured k-space, coil 1", "zero-filled", "CG-SENSE (8 iterations)"}
RESULT |= {"|error| of zero-filled", "|error| of CG-SENSE"}
CHANGED = {
    "acceleration": MASK | RESULT,
    "center fraction": MASK | RESULT,
    "mask kind": MASK | RESULT,
    "mask seed": MASK | RESULT,
    "noise / signal": SCAN | RESULT,
}


def images(explorer):
    """Address of every image, its bytes, by title."""
    drawn = explorer.view.locator("img").all()
    return {image.get_attribute("alt").split(":")[0]: image.get_attribute("src") for image in drawn}


def numbers(explorer):
    """True acceleration and both scores, as the words have them."""
    return re.search(
        r"acceleration ([\d.]+)×.*zero-filled ([\d.]+), CG-SENSE \(8 iterations\) ([\d.]+)", explorer.words()
    ).groups()


def test_every_control_changes_its_own_images_and_a_mask_that_cannot_be_is_named(desk, record_property):
    name = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "forward_explorer")
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("mask seed")
        assert set(images(explorer)) == SCAN | MASK | RESULT
        took = []
        for label, expected in [*CHANGED.items()] * 2:
            before, scores = images(explorer), numbers(explorer)
            took.append(explorer.press(label))
            after = images(explorer)
            assert {name for name in after if after[name] != before[name]} == expected, label
            assert numbers(explorer)[1:] != scores[1:], label
            assert explorer.control(label).get_attribute("aria-label") == label
        kept = images(explorer)
        took += [explorer.press("receive coils", "ArrowLeft") for _ in range(3)]
        alone = images(explorer)
        assert set(alone) == (SCAN | MASK | RESULT) - {"coil 5"} | {"coil 1"}, "one coil is all there is"
        assert {name for name in alone if alone[name] == kept.get(name)} == MASK
        assert faults(page.tab, ".jp-OutputArea-output") == []
        page.look(DARK, 1920)
        explorer.press("receive coils", "End")
        explorer.press("acceleration", "End")
        explorer.press("center fraction", "End")
        alert = explorer.view.get_by_role("alert")
        assert "acceleration 10 leaves 12.8 of 128 columns, but center_fraction takes 41" in alert.inner_text()
        explorer.press("center fraction", "Home")
        assert "CG-SENSE is not shown: its coil maps need 6 lines" in explorer.words()
        assert "CG-SENSE (8 iterations)" not in images(explorer)
        assert faults(page.tab, ".jp-OutputArea-output") == []
    record_property("key to view", in_words(took))
