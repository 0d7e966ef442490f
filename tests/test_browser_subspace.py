"""The explorer of the subspace theory in JupyterLab: every control by keyboard, and what each must change."""

import shutil
import statistics
from pathlib import Path

import pytest
from jupyterlab_page import opened

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[1] / "notebooks" / "06_provable_adaptation.ipynb"


def test_every_control_moves_the_curves(browser, lab, record_property):
    shutil.copyfile(NOTEBOOK, lab.root / NOTEBOOK.name)
    with opened(browser, lab, NOTEBOOK.name) as page:
        page.run_all()
        explorer = page.explorer("ς, noise of Q")
        took, seen = [], [explorer.words()]
        for label in ("n, measured", "d, signal", "σ, noise of P", "ς, noise of Q") * 3:
            before = explorer.sources()
            took.append(explorer.press(label))
            assert explorer.sources() != before
            seen.append(explorer.words())
            assert explorer.control(label).get_attribute("aria-label") == label
    assert len(set(seen)) == len(seen), "the numbers in words follow every move"
    assert page.errors == []
    assert page.outside == []
    record_property(
        "key to view", f"{statistics.median(took):.0f} ms in the median of {len(took)}, at most {max(took):.0f}"
    )
