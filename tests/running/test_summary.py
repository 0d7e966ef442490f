"""A run ends with the few lines that matter: what ran, where it lies, and what the claims have come to."""

import pytest
from tiny_project import make_project

from mrilib.cli import main

MANY = """import json, os, pathlib
entries = {f"key_{n}": {"value": n / 100, "low": 0.0, "high": 1.0, "n": 4} for n in range(60)}
pathlib.Path(os.environ["MRILIB_RUN_DIR"], "results.json").write_text(json.dumps(entries))"""
CLAIMS = """
- {id: A/Table 1, claim: most of the gap is closed, paper says: 98 %, margin: half, notebook: 01_many,
   predicate: [key_59 >= 0.0]}
- {id: A/Figure 2, claim: nothing is lost, paper says: 98 %, margin: half, notebook: 01_many, predicate: [key_1 <= -1]}
- {id: A/Figure 3, claim: not of these notebooks, paper says: 98 %, margin: half, notebook: 03_x, predicate: [a <= -1]}
"""


@pytest.fixture
def printed(tmp_path, monkeypatch, capsys):
    project = make_project(tmp_path)
    monkeypatch.chdir(project.root)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    (project.root / "params" / "claims.yaml").write_text(CLAIMS)
    for name in ("01_many", "02_others"):
        project.notebook(name, MANY)
    assert main(["run", "01", "02"]) == 0
    return capsys.readouterr().out.splitlines()


def test_verdicts_stand_for_the_numbers(printed):
    assert len(printed) <= 14
    assert "    reproduced   A/Table 1: most of the gap is closed" in printed
    assert "    differs      A/Figure 2: nothing is lost" in printed
    assert not [line for line in printed if "Figure 3" in line], "its notebook did not run"
    at = printed.index("runs/01_many/quick/01_many.ipynb")
    assert printed[at + 1] == "runs/02_others/quick/02_others.ipynb"


def test_a_notebook_without_claims_shows_its_last_intervals(printed):
    at = printed.index("runs/02_others/quick/02_others.ipynb")
    assert [line.split()[0] for line in printed[at + 1 : at + 4]] == ["key_57", "key_58", "key_59"]
    assert printed[at + 3].endswith("0.59 [0, 1]")
    assert printed[at + 4] == ""


def test_every_line_fits_a_terminal(printed):
    assert max(map(len, printed)) <= 100
    assert "results.json" in printed[-1]
