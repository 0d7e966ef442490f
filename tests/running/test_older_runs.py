"""Runs whose code has changed since are no verdict, and damaged manifests are no runs."""

import pytest
from left_runs import claim, interval, leave_run, runs_in, verdict, write_notebook

from mrilib.running.claims import answer
from mrilib.running.claims_view import evidence, here
from mrilib.store.paths import PACKAGE
from mrilib.store.records import fingerprint


def test_a_run_of_older_code_is_no_verdict_and_says_so(tmp_path, library):
    """A solver, a cell, a table of the package: whatever changed since, the numbers are not those of today."""
    leave_run(tmp_path, "quick", interval(0.7))
    assert verdict(tmp_path, claim()) == "reproduced"
    solvers = library / "solvers.py"
    source = solvers.read_text(encoding="utf-8")
    solvers.write_text(f"{source}\n# the same\n", encoding="utf-8")
    assert verdict(tmp_path, claim()) == "reproduced", "a comment changes no number"
    solvers.write_text(source.replace("conjugate_gradient(", "conjugate_gradient(broken, "), encoding="utf-8")
    found = answer(claim(), runs_in(tmp_path))
    assert (found.verdict, here(found)) == ("not run", "made by older code; run it again")
    assert evidence(found) == "", "what older code ran is none"
    solvers.write_text(source, encoding="utf-8")
    write_notebook(tmp_path, "1 + 1")
    assert verdict(tmp_path, claim()) == "not run"
    write_notebook(tmp_path)
    assert verdict(tmp_path, claim()) == "reproduced"


@pytest.mark.parametrize(
    ("path", "seen", "expected"),
    [
        ("mrilib/tables/table_2.json", fingerprint(PACKAGE / "tables" / "table_2.json"), "reproduced"),
        ("mrilib/tables/table_2.json", "0", "not run"),
        ("/another/machine/file.h5", "0", "reproduced"),
    ],
)
def test_a_changed_table_makes_a_run_older_and_data_elsewhere_do_not(tmp_path, path, seen, expected):
    leave_run(tmp_path, "quick", interval(0.7), inputs={path: seen})
    assert verdict(tmp_path, claim()) == expected


def test_versions_of_another_machine_count(tmp_path, monkeypatch):
    leave_run(tmp_path, "quick", interval(0.7))
    monkeypatch.setattr("mrilib.running.manifest.versions", lambda packages: {"torch": "0"})
    assert verdict(tmp_path, claim()) == "reproduced"


@pytest.mark.parametrize("content", ["[1]", "3", '{"outputs": 3}', '{"outputs": {}, "inputs": []}', "{}", "[" * 9999])
def test_a_manifest_of_another_form_is_no_run_and_is_named(tmp_path, content):
    folder = leave_run(tmp_path, "quick", interval(0.7))
    (folder / "run.json").write_text(content)
    with pytest.warns(UserWarning, match=r"run\.json: not a complete file of this version"):
        assert verdict(tmp_path, claim()) == "not run"
