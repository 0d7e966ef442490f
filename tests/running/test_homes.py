"""A run where the user's home, Jupyter's and IPython's folders cannot be written."""

import json
import subprocess
import sys

from homeless import homeless
from tiny_project import RECORD, REPOSITORY, make_project

KEEP = """from mrilib.figures.notebook import record, setup
from mrilib.store.tables import StoredTable
setup()
record("root", StoredTable("toy", {}, ()).row({"n": 2}, lambda: {"root": 2**0.5})["root"])"""


def results_of(cell, folder):
    """Results of a notebook with this cell."""
    project = make_project(folder)
    project.notebook("01_one", cell)
    command = [sys.executable, "-m", "mrilib.cli", "run", "01"]
    environment = homeless(folder) | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads((project.root / "runs" / "01_one" / "quick" / "results.json").read_text(encoding="utf-8"))


def test_a_notebook_runs_and_its_results_are_published(tmp_path):
    assert results_of(RECORD, tmp_path)["fraction_closed"]["value"] == 0.3


def test_what_a_notebook_computes_and_keeps_needs_no_cache_of_the_user_s(tmp_path):
    assert results_of(KEEP, tmp_path)["root"] == 2**0.5
