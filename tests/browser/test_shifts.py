"""The shift explorer in JupyterLab: every control by keyboard, and what each must change and leave alone."""

from pathlib import Path

import pytest
from axe_faults import faults
from jupyterlab_page import in_words
from notebook_cells import copy_needed

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "04_test_time_training.ipynb"


def changed(before: list[str], after: list[str]) -> list[bool]:
    return [a != b for a, b in zip(before, after, strict=True)]


def test_every_control_changes_what_it_should(desk, record_property):
    name = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "explore_shifts", ttt_iterations=3)
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("slice of Q")
        assert "joint on P + TTT: mean SSIM" in explorer.words(), "opens on what test-time training achieves"
        explorer.press("TTT", "ArrowUp")
        took, words = [], [explorer.words()]

        def press(label: str, key: str = "ArrowRight") -> list[bool]:
            before = explorer.sources()
            took.append(explorer.press(label, key))
            words.append(explorer.words())
            return changed(before, explorer.sources())

        assert "SSIM of this slice" in words[0]
        for number in (2, 3, 4):
            assert press("slice of Q") == [True, True, True, False], "images, not the gap"
            assert f"slice {number} of brains (Q)" in words[-1]
        assert press("TTT", "ArrowDown") == [False, True, True, True], "all but the target"
        assert "joint on P + TTT: mean SSIM" in words[-1]
        assert press("network", "ArrowUp") == [False, True, True, False], "the same gap, seen from Q"
        assert press("TTT", "ArrowUp") == [False, True, True, True]
        assert press("network", "ArrowDown") == [False, True, True, False]
        assert "joint on P: mean SSIM" in words[-1]
        explorer.press("shift, P to Q", "ArrowDown")
        assert "mrilib run 04 -p shift dataset" in explorer.words()
        assert len(explorer.sources()) == 1, "the gap of the stored scores"
        explorer.press("TTT", "ArrowDown")
        assert "gap before: 0.071 [0.057, 0.084]" in explorer.words()
        assert len(set(words)) == len(words) - 1, "the last choice was seen before"
        assert explorer.control("slice of Q").get_attribute("aria-label") == "slice of Q"
        assert faults(page.tab, ".jp-OutputArea-output") == []
    record_property("key to view", in_words(took))
