"""Claims: verdicts from complete runs only, a table people can read, and predicates that a wrong result fails."""

import json
import re
from pathlib import Path

import pytest
from left_runs import claim, interval, leave_run, runs_in, verdict
from synthetic_paper_a import PAPER_A
from synthetic_paper_b import PAPER_B
from synthetic_results import OUTCOMES

from mrilib.running.claims import VERDICTS, Claim, answer, load, read_claim
from mrilib.running.claims import outcome as outcome_of
from mrilib.running.claims_view import as_json, evidence, here, markdown, table
from mrilib.running.predicates import check
from mrilib.store.project import UserError, find_root
from mrilib.store.records import write_json

ROOT = find_root(Path(__file__).parent)
SYNTHETIC = PAPER_A | PAPER_B
IDS = (
    [f"A/Table {n}" for n in range(1, 7)]
    + [f"A/Figure {n}" for n in range(1, 15)]
    + ["A/Prop. F.1", "A/Prop. F.2"]
    + [f"A/App. {letter}" for letter in "ABCDEFGH"]
)


def test_a_verdict_follows_the_results(tmp_path):
    assert verdict(tmp_path, claim()) == "not run"
    folder = leave_run(tmp_path, "quick", interval(0.7))
    assert verdict(tmp_path, claim()) == "reproduced"
    assert verdict(tmp_path, claim("closed >= 0.75")) == "undecided"
    assert verdict(tmp_path, claim("closed >= 0.95")) == "differs"
    assert verdict(tmp_path, claim("closed >= 0.75", "closed >= 0.95")) == "differs", "one false line decides"
    assert verdict(tmp_path, claim("other >= 0", "closed >= 0.5")) == "not run"
    assert verdict(tmp_path, claim("other >= 0", "closed >= 0.95")) == "differs"
    (folder / "run.json").unlink()
    assert verdict(tmp_path, claim()) == "not run", "a run that is not complete does not count"


def test_an_undefined_fraction_is_undecided_and_says_why(tmp_path):
    leave_run(tmp_path, "quick", {"closed": "the gap before is not distinguishable from 0", "gap": 0.001})
    found = answer(claim(), runs_in(tmp_path))
    assert found.verdict == "undecided"
    assert here(found) == "closed is undefined: the gap before is not distinguishable from 0"
    assert verdict(tmp_path, claim("closed >= 0.5", "gap >= 0.005")) == "differs", "there is no gap to close"


def test_a_part_of_a_claim_can_differ_but_not_be_reproduced(tmp_path):
    leave_run(tmp_path, "quick", interval(0.7))
    part = answer(claim(**{"not run": "VarNet"}), runs_in(tmp_path))
    assert part.verdict == "not run"
    assert here(part) == "0.8 [0.7, 0.9]; not run: VarNet"
    assert verdict(tmp_path, claim("closed >= 0.95", **{"not run": "VarNet"})) == "differs"
    assert verdict(tmp_path, claim("closed >= 0.75", **{"not run": "VarNet"})) == "undecided"


def test_repeats_and_lists_are_not_counted(tmp_path):
    leave_run(tmp_path, "quick", interval(0.7))
    given = {"id": "A/Figure 3", "claim": "an example", "paper says": "images"}
    repeat = Claim(**given, **{"same evidence as": ["A/Table 1", "A/Table 2"]})
    drawing = Claim(**given | {"id": "A/Figure 7"}, **{"not a test": "a diagram"})
    verdicts = [answer(one, runs_in(tmp_path)) for one in (claim(), repeat, drawing)]
    assert [one.verdict for one in verdicts] == ["reproduced", "same evidence", "not a test"]
    assert [here(one) for one in verdicts[1:]] == ["see A/Table 1, A/Table 2", "a diagram"]
    counted = "1 tests: 1 reproduced, 0 differs, 0 undecided, 0 not run; 1 same evidence; 1 not a test"
    assert table(verdicts).endswith(counted)
    assert markdown(verdicts).endswith(counted)


def test_a_smoke_run_decides_nothing(tmp_path):
    leave_run(tmp_path, "smoke", interval(0.7), profile="smoke")
    assert verdict(tmp_path, claim()) == "not run"


def test_results_edited_by_hand_do_not_count(tmp_path):
    folder = leave_run(tmp_path, "quick", interval(0.3))
    assert verdict(tmp_path, claim()) == "undecided"
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
    assert verdict(tmp_path, asked) == "undecided", "the better profile answers"


def test_a_run_with_other_changes_answers_last_and_says_so(tmp_path):
    leave_run(tmp_path, "paper-1", interval(0.2), profile="paper", given={"steps": 9}, steps=9)
    found = answer(claim(), runs_in(tmp_path))
    assert found.verdict == "undecided"
    assert here(found) == "0.8 [0.2, 0.9] (-p steps 9)"
    leave_run(tmp_path, "quick", interval(0.7), steps=3)
    assert verdict(tmp_path, claim()) == "reproduced"


def test_evidence_names_scale_slices_and_trainings(tmp_path):
    leave_run(tmp_path, "quick", interval(0.7) | {"gap": 0.1})
    assert evidence(answer(claim(), runs_in(tmp_path))) == "quick, n = 4, one training run"
    assert evidence(answer(claim(trained=False), runs_in(tmp_path))) == "quick, n = 4"
    assert evidence(answer(claim("gap >= 0"), runs_in(tmp_path))) == "quick, one training run"
    assert evidence(answer(claim(), [])) == ""
    leave_run(tmp_path, "gpu", interval(0.7, trainings=5), profile="gpu")
    assert evidence(answer(claim(), runs_in(tmp_path))) == "gpu, n = 4, 5 training runs"
    leave_run(tmp_path, "paper", interval(0.7, trainings=5) | {"gap": {"value": 0.1, "n": 3}}, profile="paper")
    both = claim("closed >= 0.5", "gap >= 0")
    assert evidence(answer(both, runs_in(tmp_path))) == "paper, n = 3, one to 5 training runs"


def test_numbers_of_the_first_line_are_shown_and_those_that_do_not_hold(tmp_path):
    results = {"closed_knee": {"value": 0.8, "low": 0.7, "high": 0.9}, "closed_brain": 0.5, "closed_hip": 0.3}
    leave_run(tmp_path, "quick", results)
    asked = claim("closed_knee >= 0.5", "closed_brain >= 0.4", "closed_hip >= 0.4")
    found = answer(asked, runs_in(tmp_path))
    assert found.verdict == "differs"
    assert here(found) == "knee 0.8 [0.7, 0.9], hip 0.3"


def test_a_reason_is_shown_only_where_a_claim_does_not_hold(tmp_path):
    leave_run(tmp_path, "quick", interval(0.2))
    asked = claim("closed >= 0.95", reason="a smaller network " * 8)
    found = answer(asked, runs_in(tmp_path))
    assert found.verdict == "differs"
    assert f"| differs | {' '.join(asked.reason.split())} |" in markdown([found])
    assert "    likely reason: a smaller network a smaller" in table([found])
    assert max(map(len, table([found]).splitlines())) <= 100
    leave_run(tmp_path, "gpu", {"closed": 0.96}, profile="gpu")
    assert answer(asked, runs_in(tmp_path)).reason == ""


def test_the_table_is_readable_and_json_says_the_same(tmp_path):
    leave_run(tmp_path, "quick", interval(0.7))
    verdicts = [answer(claim(), runs_in(tmp_path)), answer(claim(), [])]
    text = table(verdicts)
    assert max(map(len, text.splitlines())) <= 100
    assert "0.8 [0.7, 0.9]" in text
    assert "2 tests: 1 reproduced, 0 differs, 0 undecided, 1 not run" in text
    row = "| A/Table 1 | it closes | 98 % | half | 0.8 [0.7, 0.9] | quick, n = 4, one training run | reproduced |  |"
    assert row in markdown(verdicts).splitlines()
    machine = json.loads(json.dumps(as_json(verdicts)))
    assert machine[0]["verdict"] == "reproduced"
    assert machine[0]["cases"][0]["run"] == "04_x/quick"
    assert machine[0]["cases"][0]["ours"]["closed"]["low"] == 0.7
    assert machine[0]["cases"][0]["checks"][0] | {"keys": 0} == {
        "line": "closed >= 0.5", "holds": True, "keys": 0, "missing": [], "reasons": []
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1", "expected a list of claims"),
        ("- [", "not readable"),
        ("- {id: X, claim: c, paper says: p, verdict: reproduced}", "X: verdict: Extra inputs are not permitted"),
        ("- {id: X, paper says: p}", "X: claim: Field required"),
        ("- {id: X, claim: c, paper says: p}", "X: expected exactly one of predicate, not a test, same evidence as"),
        ("- {id: X, claim: c, paper says: p, notebook: n, margin: m, predicate: [a() >= 0]}", "X: predicate"),
        ("- {id: X, claim: c, paper says: p, notebook: n, margin: m, predicate: ['{a} >= 0']}", "X: a: expected each"),
        ("- {id: X, claim: c, paper says: p, margin: m, predicate: [a >= 0]}", "X: a predicate needs a notebook"),
        ("- {id: X, claim: c, paper says: p, notebook: n, predicate: [a >= 0]}", "X: a predicate needs a notebook"),
        ("- {id: X, claim: c, paper says: p, same evidence as: [Y]}", "X: same evidence as Y, which is not a test"),
        (
            "- {id: X, claim: c, paper says: p, not a test: n}\n- {id: X, claim: c, paper says: p, not a test: n}",
            "more than one entry for X",
        ),
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


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_no_verdict_but_the_papers_own_result_is_reproduced(claims, outcome):
    """Each predicate on synthetic results: as the paper's, without the effect, with it reversed, and ruined."""
    expected = "reproduced" if outcome == "as the paper's" else "differs"
    found = {entry.id: judged(entry, SYNTHETIC[entry.id][outcome]) for entry in claims if entry.predicate}
    assert {name: verdict for name, verdict in found.items() if verdict != expected} == {}


def judged(entry, results):
    """Verdict of a claim's lines on synthetic results, which must hold all that they ask for."""
    checks = [check(line, results) for line in entry.lines]
    settled = {key: check(line, results) for key, line in entry.settled_lines.items()}
    assert [one.missing for one in (*checks, *settled.values()) if one.missing] == [], entry.id
    return outcome_of(checks, settled)


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_nothing_is_decided_by_results_that_longer_training_moves(claims, outcome):
    for entry in (one for one in claims if one.settled):
        settled = entry.settled_lines
        moving = {key: 1.5 for line in settled.values() for key in check(line, {}).keys}
        results = SYNTHETIC[entry.id][outcome] | moving
        others = [check(line, results) for line in entry.lines if not settled.keys() & check(line, results).keys]
        decided = any(one.holds is False for one in others)
        assert judged(entry, results) == ("differs" if decided else "undecided"), entry.id


def test_a_result_that_longer_training_moves_takes_no_other_down():
    asked = claim("a >= 1", "b >= 1", settled={"a": "moves_a <= 1", "b": "moves_b <= 1"})
    numbers = {name: {"value": 0.0, "low": -0.1, "high": 0.1} for name in "ab"}
    for moves, expected in (((2, 2), "undecided"), ((2, 0.5), "differs"), ((0.5, 0.5), "differs")):
        results = numbers | dict(zip(("moves_a", "moves_b"), moves, strict=True))
        assert judged(asked, results) == expected
    assert outcome_of([check("a >= -1", numbers)], {"a": check("moves_a <= 1", {})}) == "undecided", "not tested"
    with pytest.raises(UserError, match="settled: c: expected results of the predicate"):
        read_claim(asked.model_dump(by_alias=True) | {"settled": {"c": "moves_a <= 1"}}, Path("claims.yaml"))


def test_every_test_has_its_synthetic_results(claims):
    assert {entry.id for entry in claims if entry.predicate} == SYNTHETIC.keys()


def test_margins_and_sources_are_given(claims):
    """Each test says where the paper says it, and why its margins are as they are."""
    for entry in claims:
        if entry.predicate:
            assert re.search(r"\d|level|as |half", entry.margin), entry.id
            assert entry.paper, entry.id


def test_the_page_of_claims_shows_every_item_and_why_it_differs(claims):
    """Its table is the output of `mrilib claims --markdown`."""
    shown = (ROOT / "docs" / "claims.md").read_text(encoding="utf-8").splitlines()
    for entry, row in zip(claims, markdown([answer(entry, []) for entry in claims]).splitlines()[2:], strict=False):
        start = row.rsplit("|", 5)[0]
        found = [line for line in shown if line.startswith(start)]
        assert len(found) == 1, start
        verdict, reason = (cell.strip() for cell in found[0].rsplit("|", 3)[1:3])
        assert verdict in VERDICTS
        assert bool(reason) or verdict != "differs", f"{entry.id}: say in claims.yaml why it may differ"


def test_no_verdict_comes_out_of_nothing(claims, tmp_path):
    verdicts = [answer(entry, runs_in(tmp_path)) for entry in claims]
    assert {found.verdict for found in verdicts if found.predicate} == {"not run"}
    assert max(map(len, table(verdicts).splitlines())) <= 100
