"""A run where the user's home, Jupyter's and IPython's folders cannot be written."""

import json
import subprocess
import sys

from homeless import homeless
from tiny_project import RECORD, REPOSITORY, make_project


def test_a_notebook_runs_and_its_results_are_published(tmp_path):
    project = make_project(tmp_path)
    project.notebook("01_one", RECORD)
    command = [sys.executable, "-m", "mrilib.cli", "run", "01"]
    environment = homeless(tmp_path) | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    results = json.loads((project.root / "runs" / "01_one" / "quick" / "results.json").read_text(encoding="utf-8"))
    assert results["fraction_closed"]["value"] == 0.3
