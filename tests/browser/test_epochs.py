"""The explorer of epochs in JupyterLab: words, the marked chart and the kept image follow the slider."""

import re
from pathlib import Path

import pytest
from axe_faults import faults
from jupyterlab_page import in_words
from notebook_cells import copy_needed

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "14_distributional_overfitting.ipynb"


def test_the_epoch_moves_the_chart_and_the_words(desk, record_property):
    name, took = copy_needed(NOTEBOOK, desk.root / NOTEBOOK.name, "explore_epochs"), []
    with desk.opened(name) as page:
        page.run_all()
        explorer = page.explorer("epoch")
        assert explorer.control("epoch").get_attribute("aria-label") == "epoch"
        for key, step in [("ArrowRight", 2)] * 5 + [("ArrowLeft", -2)] * 3:
            before, charts = _epoch(explorer), explorer.sources()[:1]
            took.append(explorer.press("epoch", key))
            assert _epoch(explorer) == before + step, "the words name the epoch"
            assert explorer.sources()[:1] != charts, "the mark stands elsewhere in the chart"
        pictures = _walk_to(explorer, 12)
        assert len(pictures) == 2, "an image of this epoch was kept"
        assert faults(page.tab, ".jp-OutputArea-output") == []
    record_property("key to view", in_words(took))


def _epoch(explorer):
    return int(re.search(r"After epoch (\d+): in distribution .* 0\.\d+ .*; out of .* 0\.\d+ ", explorer.words())[1])


def _walk_to(explorer, epoch):
    while (now := _epoch(explorer)) != epoch:
        explorer.press("epoch", "ArrowRight" if now < epoch else "ArrowLeft")
    return explorer.sources()
