"""The explorer of the subspace theory in JupyterLab: every control by keyboard, and what each must change."""

import re
from pathlib import Path

import pytest
from axe_faults import faults
from jupyterlab_page import in_words
from notebook_cells import copy_needed

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "06_provable_adaptation.ipynb"
ALPHAS = re.compile(r"(before TTT|after TTT|optimum) α = ([\d.]+)")
MOVES = {  # what each control must change, and what it must leave
    "n, measured": (set(), {"before TTT", "optimum"}),
    "d, signal": (set(), {"before TTT", "optimum"}),
    "noise level of P": ({"before TTT"}, {"after TTT", "optimum"}),
    "noise level of Q": ({"after TTT", "optimum"}, {"before TTT"}),
}


def test_every_control_moves_what_it_should(desk, record_property):
    name, took = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "subspace_explorer"), []
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("noise level of Q")
        for label, (moved, left) in [*MOVES.items()] * 3:
            curves, before = explorer.sources(), dict(ALPHAS.findall(explorer.words()))
            took.append(explorer.press(label))
            after = dict(ALPHAS.findall(explorer.words()))
            assert explorer.sources() != curves, label
            assert all(after[name] != before[name] for name in moved), label
            assert all(after[name] == before[name] for name in left), label
            assert explorer.control(label).get_attribute("aria-label") == label
        assert faults(page.tab, ".jp-OutputArea-output") == []
    record_property("key to view", in_words(took))
