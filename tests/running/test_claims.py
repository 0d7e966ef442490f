"""Claims: a safe language for predicates, verdicts from complete runs only, a table people can read."""

import json
import re
from pathlib import Path

import pytest
from left_runs import claim, interval, leave_run, runs_in, verdict

from mrilib.running.claims import Claim, answer, load
from mrilib.running.claims_view import as_json, here, markdown, table
from mrilib.running.predicates import PredicateError, holds, keys, parse
from mrilib.store.project import UserError, find_root
from mrilib.store.records import write_json

ROOT = find_root(Path(__file__).parent)
RESULTS = {
    "closed": {"value": 0.9, "low": 0.7, "high": 0.95, "n": 8},
    "gap": 0.2,
    "zero": 0,
    "name": "x",
    "ok": True,
}
IDS = (
    [f"A/Table {n}" for n in range(1, 7)]
    + [f"A/Figure {n}" for n in range(1, 15)]
    + ["A/Prop. F.1", "A/Prop. F.2"]
    + [f"A/App. {letter}" for letter in "ABCDEFGH"]
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("low(closed) >= 0.6 and value(gap) > 0", True),
        ("low(closed) >= 0.8 or gap > 1", False),
        ("not high(closed) < value(closed)", True),
        ("0.1 < gap <= 0.2", True),
        ("0.1 < gap < 0.2", False),
        ("closed - 2 * gap == 0.5", True),
        ("-gap < 0 and gap / 2 != 0.2", True),
        ("(closed + gap) * 2 > 2.1", True),
    ],
)
def test_predicates_are_computed(text, expected):
    assert holds(text, RESULTS) is expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "value(closed)",
        "1",
        "True",
        "closed > True",
        "gap > 'x'",
        "(lambda: 1)() > 0",
        "[x for x in gap] > 0",
        "value(closed, gap) > 0",
        "value('closed') > 0",
        "value(value(gap)) > 0",
        "mean(closed) > 0",
        "closed.low > 0",
        "closed['low'] > 0",
        "gap ** 2 > 0",
        "gap in closed",
        "gap if gap > 0 else 1 > 0",
        "(gap > 0) + 1 > 0",
        "gap >",
        "a = 1",
        "",
    ],
)
def test_nothing_else_is_a_predicate(text):
    with pytest.raises(PredicateError, match="predicate"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing > 0", "'nothing' was not recorded"),
        ("gap > 0 or nothing > 0", "'nothing' was not recorded"),
        ("low(gap) > 0", "'gap' has no low"),
        ("name > 0", "'name' has no value"),
        ("ok > 0", "'ok' has no value"),
        ("gap / zero > 1", "division by zero"),
    ],
)
def test_what_was_not_recorded_is_no_verdict(text, message):
    with pytest.raises(PredicateError, match=re.escape(message)):
        holds(text, RESULTS)


def test_a_verdict_follows_the_results(tmp_path):
    assert verdict(tmp_path, claim()) == "not run"
    folder = leave_run(tmp_path, "quick", interval(0.7))
    assert verdict(tmp_path, claim()) == "reproduced"
    assert verdict(tmp_path, claim("low(closed) > 0.75")) == "differs"
    assert verdict(tmp_path, claim(predicate=None)) == "not run"
    assert verdict(tmp_path, claim("low(other) > 0 and closed > 0")) == "not run"
    (folder / "run.json").unlink()
    assert verdict(tmp_path, claim()) == "not run", "a run that is not complete does not count"


def test_a_smoke_run_decides_nothing(tmp_path):
    leave_run(tmp_path, "smoke", interval(0.7), profile="smoke")
    assert verdict(tmp_path, claim()) == "not run"


def test_results_edited_by_hand_do_not_count(tmp_path):
    folder = leave_run(tmp_path, "quick", interval(0.3))
    assert verdict(tmp_path, claim()) == "differs"
    write_json(folder / "results.json", interval(0.7))
    assert verdict(tmp_path, claim()) == "not run"


def test_every_case_must_hold(tmp_path):
    asked = claim(cases=[{"shift": "anatomy"}, {"shift": "dataset"}])
    leave_run(tmp_path, "quick", interval(0.7), shift="anatomy")
    found = answer(asked, runs_in(tmp_path))
    assert [case["verdict"] for case in found.cases] == ["reproduced", "not run"]
    assert found.verdict == "not run", "half a table is not a table"
    leave_run(tmp_path, "quick-1", interval(0.7), given={"shift": "dataset"}, shift="dataset")
    assert verdict(tmp_path, asked) == "reproduced"
    leave_run(tmp_path, "gpu-1", interval(0.2), profile="gpu", given={"shift": "dataset"}, shift="dataset")
    assert verdict(tmp_path, asked) == "differs", "the better profile answers"


def test_a_run_with_other_changes_answers_last_and_says_so(tmp_path):
    leave_run(tmp_path, "paper-1", interval(0.2), profile="paper", given={"steps": 9}, steps=9)
    found = answer(claim(), runs_in(tmp_path))
    assert found.verdict == "differs"
    assert here(found) == "0.8 [0.2, 0.9] (-p steps 9)"
    leave_run(tmp_path, "quick", interval(0.7), steps=3)
    assert verdict(tmp_path, claim()) == "reproduced"


def test_several_numbers_are_shown_under_what_tells_them_apart(tmp_path):
    results = {"closed_knee": {"value": 0.8, "low": 0.7, "high": 0.9}, "closed_brain": 0.5}
    leave_run(tmp_path, "quick", results)
    asked = Claim(
        id="A/Table 1",
        claim="both close",
        paper="98 %",
        notebook="04_x",
        key=["closed_knee", "closed_brain"],
        predicate="low(closed_knee) > 0.5 and closed_brain > 0.4",
    )
    found = answer(asked, runs_in(tmp_path))
    assert found.verdict == "reproduced"
    assert here(found) == "knee 0.8 [0.7, 0.9], brain 0.5"


def test_a_reason_is_shown_only_where_a_claim_differs(tmp_path):
    leave_run(tmp_path, "quick", interval(0.2))
    asked = claim(reason="a smaller network " * 8)
    found = answer(asked, runs_in(tmp_path))
    assert found.verdict == "differs"
    assert markdown([found]).endswith(f"| differs | {' '.join(asked.reason.split())} |")
    assert "    likely reason: a smaller network a smaller" in table([found])
    assert max(map(len, table([found]).splitlines())) <= 100
    leave_run(tmp_path, "gpu", interval(0.7), profile="gpu")
    assert answer(asked, runs_in(tmp_path)).reason == ""


def test_the_table_is_readable_and_json_says_the_same(tmp_path):
    leave_run(tmp_path, "quick", interval(0.7))
    verdicts = [answer(claim(), runs_in(tmp_path)), answer(claim(predicate=None, planned="05"), [])]
    text = table(verdicts)
    assert max(map(len, text.splitlines())) <= 100
    assert "0.8 [0.7, 0.9]" in text
    assert text.endswith("2 items: 1 reproduced, 0 differs, 1 not run")
    assert "| A/Table 1 | it closes | 98 % | 0.8 [0.7, 0.9] | reproduced |  |" in markdown(verdicts).splitlines()
    machine = json.loads(json.dumps(as_json(verdicts)))
    assert machine[0]["verdict"] == "reproduced"
    assert machine[0]["cases"][0]["run"] == "04_x/quick"
    assert machine[0]["cases"][0]["ours"]["closed"]["low"] == 0.7


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "expected a list of claims"),
        ("- [", "not readable"),
        ("- {id: X, claim: c, paper: p, verdict: reproduced}", "X: verdict: Extra inputs are not permitted"),
        ("- {id: X, paper: p}", "X: claim: Field required"),
        ("- {id: X, claim: c, paper: p, notebook: n, key: a, predicate: a() > 0}", "X: predicate"),
        ("- {id: X, claim: c, paper: p, key: a, predicate: a > 0}", "X: a predicate needs a notebook"),
        (
            "- {id: X, claim: c, paper: p, notebook: n, key: b, predicate: a > 0}",
            "X: a predicate needs a notebook",
        ),
        ("- {id: X, claim: c, paper: p}\n- {id: X, claim: c, paper: p}", "more than one entry for X"),
    ],
)
def test_a_wrong_file_names_the_entry(tmp_path, text, message):
    file = tmp_path / "claims.yaml"
    file.write_text(text)
    with pytest.raises(UserError, match=re.escape(str(file)) + ": .*" + re.escape(message)):
        load(file)


@pytest.fixture(scope="module")
def claims():
    return load(ROOT / "params" / "claims.yaml")


def test_every_item_of_paper_a_has_an_entry(claims):
    listed = [entry.id for entry in claims]
    assert [name for name in listed if name.startswith("A/")] == IDS


def test_every_entry_is_answered_or_planned(claims):
    for entry in claims:
        assert (entry.predicate is None) == (entry.planned is not None), entry.id
        assert entry.predicate is None or keys(entry.predicate), entry.id


def test_the_page_of_claims_shows_every_item_and_why_it_differs(claims):
    """Its table is the output of `mrilib claims --markdown`."""
    shown = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").splitlines()
    for entry, row in zip(claims, markdown([answer(entry, []) for entry in claims]).splitlines()[2:], strict=True):
        start = row.rsplit("|", 4)[0]
        found = [line for line in shown if line.startswith(start)]
        assert len(found) == 1, start
        verdict, reason = (cell.strip() for cell in found[0].rsplit("|", 3)[1:3])
        assert verdict in ("reproduced", "differs", "not run")
        assert bool(reason) == (verdict == "differs"), f"{entry.id}: say in claims.yaml why it may differ"


def test_no_verdict_comes_out_of_nothing(claims, tmp_path):
    verdicts = [answer(entry, runs_in(tmp_path)) for entry in claims]
    assert {found.verdict for found in verdicts} == {"not run"}
    assert max(map(len, table(verdicts).splitlines())) <= 100
