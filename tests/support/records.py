"""Records of the project's own notebooks, changed where a test needs it."""

from dataclasses import replace
from functools import cache
from pathlib import Path

from mrilib.running.jobs import plan
from mrilib.store.project import find_notebook, find_root

ROOT = find_root(Path(__file__).parent)


@cache
def _planned(number, profile):
    return plan(find_notebook(number, ROOT), ROOT, profile)


def section(number):
    """The folder of a notebook's section, as `mrilib.paper_a.mixtures`."""
    return _planned(number, "quick").section


def parameters_cell(number):
    """The source of a notebook's parameters cell."""
    cells = _planned(number, "quick").content.cells
    return next(cell.source for cell in cells if "parameters" in cell.metadata.get("tags", []))


def record(number, profile="quick", **changes):
    """What a notebook's own cell and profile say, with changes."""
    return replace(_planned(number, profile).record, **changes)
