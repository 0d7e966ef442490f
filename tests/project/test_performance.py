"""docs/performance.md is what its command makes of the committed measures; measures are kept one by one."""

import argparse
import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def measuring(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return runpy.run_path(str(BENCHMARKS / "measuring.py"))


def test_the_page_is_made_of_the_committed_measures(tmp_path):
    output = tmp_path / "performance.md"
    subprocess.run([sys.executable, BENCHMARKS / "page.py", "--output", output], check=True, capture_output=True)
    assert output.read_text(encoding="utf-8") == (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")


def test_ratios_of_the_page(measuring, monkeypatch):
    page = runpy.run_path(str(BENCHMARKS / "page.py"))
    found = {f"{name} mrilib": 2.0 for name in ("A", "A.H", "A.N", "gradient")}
    found |= {f"{name} torch": 4.0 for name in ("A", "A.H", "A.N", "gradient")}
    found |= {f"{name} limit": 0.8 for name in ("A", "A.H", "A.N", "gradient")}
    lines = page["operators"](found | {"A sigpy": 5.0}).splitlines()
    assert lines[3:5] == ["| A | 2 | 2 | 2.5 | 2.5 |", "| Aᴴ | 2 | 2 |  | 2.5 |"]
    assert page["slow"]({"operators": found}) == ["A: 2.5", "A.H: 2.5", "A.N: 2.5", "gradient: 2.5"]
    assert page["beside"]({"ours": 2.0, "other": 3.0}, "ours", {"other": "theirs"}, "mine").splitlines()[3:] == [
        "| mine | 2 |  |",
        "| theirs | 3 | 1.5 |",
    ]


def test_a_measure_is_taken_once_and_one_that_fails_is_noted(measuring, tmp_path, capsys):
    taken = []

    def one():
        taken.append(1)
        return {"ms": 3.0}

    def other():
        raise RuntimeError("out of memory")

    given = argparse.Namespace(size="toy", output=tmp_path / "new" / "cpu.json", minutes=1.0, only="")
    for _ in range(2):
        measuring["keep"](given, {"threads": 1}, [("one", one), ("other", other)])
    assert taken == [1]
    kept = json.loads(given.output.read_text())["measures"]
    assert kept == {"one": {"ms": 3.0}, "other": {"error": "RuntimeError: out of memory"}}
    with pytest.raises(SystemExit, match="measured with another threads; give another --output or delete it"):
        measuring["keep"](given, {"threads": 2}, [])


def test_what_would_end_too_late_is_not_begun(measuring, tmp_path, capsys):
    given = argparse.Namespace(size="toy", output=tmp_path / "cpu.json", minutes=0.0, only="")
    measuring["keep"](given, {}, [("one", dict), ("other", dict)])
    assert "time is up before: one" in capsys.readouterr().out
    assert not given.output.exists()
