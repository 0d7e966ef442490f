"""Verdicts on the papers' claims, computed from the runs on disk and never set by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mrilib.running import manifest
from mrilib.running.jobs import read_notebook
from mrilib.running.predicates import Check, PredicateError, check, expand, parse
from mrilib.store.project import SMOKE, UserError, notebooks
from mrilib.store.records import read_json
from mrilib.store.texts import FormatError, parse_yaml, read_text

PROFILES = ("paper", "gpu", "quick")  # the first one that was run is used
TESTED = ("reproduced", "differs", "undecided", "not run")
VERDICTS = (*TESTED, "same evidence", "not a test")


class Claim(BaseModel):
    """One table, figure, proposition or appendix of a paper.

    `predicate` holds lines that must all be true, `over` the values of their placeholders such as {shift}, and `margin`
    the reason for the margins, in the paper's numbers. `settled` maps results of the predicate to lines without which
    nothing that rests on these results is decided, for example that longer training would hardly move them. `cases` are
    conditions under which the claim must hold, each a mapping of parameters that a run must have; without cases, any
    run counts. `not_run` states what the paper covers but no run tests; such a claim can differ or be undecided, but
    cannot be reproduced. An item that no result could contradict is `not_a_test`; an item that repeats others is
    `same_as` them; neither is counted. `reason` is our explanation of why a claim may fail here.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str
    claim: str
    paper: str = Field(alias="paper says")
    notebook: str | None = None
    margin: str = ""
    over: dict[str, list[str]] = {}
    predicate: list[str] = []
    settled: dict[str, str] = {}
    cases: list[dict[str, Any]] = [{}]
    not_run: str = Field("", alias="not run")
    not_a_test: str = Field("", alias="not a test")
    same_as: list[str] = Field([], alias="same evidence as")
    trained: bool = True  # whether networks are trained for it
    reason: str = ""

    @property
    def lines(self) -> list[str]:
        """Lines of the predicate, written out."""
        return expand(self.predicate, self.over)

    @property
    def settled_lines(self) -> dict[str, str]:
        """Lines of `settled` by result, written out."""
        pairs = [f"{key}\n{line}" for key, line in self.settled.items()]
        return dict(pair.split("\n") for pair in expand(pairs, self.over)) if pairs else {}


@dataclass(frozen=True)
class Run:
    """A complete run on disk; `older` if the notebook, the library, its tables or its weights have changed since."""

    folder: Path
    manifest: dict[str, Any]
    results: dict[str, Any]
    older: bool = False

    @property
    def name(self) -> str:
        """Notebook and label."""
        return "/".join(self.folder.parts[-2:])


@dataclass(frozen=True)
class Verdict:
    """Verdict of the runs on a claim, one of VERDICTS."""

    id: str
    claim: str
    paper: str
    notebook: str | None
    margin: str
    predicate: list[str]
    trained: bool
    verdict: str
    cases: list[dict[str, Any]] = field(default_factory=list)
    note: str = ""
    reason: str = ""


def load(file: Path) -> list[Claim]:
    """Read the claims from a YAML file; raises UserError naming the file and the invalid entry."""
    try:
        entries = parse_yaml(read_text(file))
    except (OSError, UnicodeDecodeError, FormatError) as error:
        raise UserError(f"{file}: not readable: {' '.join(str(error).split())}") from error
    if not isinstance(entries, list):
        raise UserError(f"{file}: expected a list of claims")
    claims = [read_claim(entry, file) for entry in entries]
    doubled = {claim.id for claim in claims if [other.id for other in claims].count(claim.id) > 1}
    if doubled:
        raise UserError(f"{file}: more than one entry for {', '.join(sorted(doubled))}")
    tests = {claim.id for claim in claims if claim.predicate}
    for claim in claims:
        if odd := sorted(set(claim.same_as) - tests):
            raise UserError(f"{file}: {claim.id}: same evidence as {', '.join(odd)}, which is not a test here")
    return claims


def read_claim(entry: Any, file: Path) -> Claim:
    """Read one entry; raises UserError naming the file and the entry."""
    name = entry.get("id", entry) if isinstance(entry, dict) else entry
    try:
        claim = Claim.model_validate(entry)
        for line in (*claim.lines, *claim.settled_lines.values()):
            parse(line)
        known = {key for line in claim.lines for key in check(line, {}).keys}
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{file}: {name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except PredicateError as error:
        raise UserError(f"{file}: {name}: {error}") from error
    if odd := sorted(claim.settled_lines.keys() - known):
        raise UserError(f"{file}: {name}: settled: {', '.join(odd)}: expected results of the predicate")
    if bool(claim.predicate) + bool(claim.not_a_test) + bool(claim.same_as) != 1:
        raise UserError(f"{file}: {name}: expected exactly one of predicate, not a test, same evidence as")
    if claim.predicate and not (claim.notebook and claim.margin):
        raise UserError(f"{file}: {name}: a predicate needs a notebook, and a margin with its reason")
    return claim


def complete_runs(runs: Path, root: Path) -> list[Run]:
    """All runs in `runs` of the project `root` whose files are unchanged since the runner wrote them."""
    found = []
    code = {path.stem: read_notebook(path) for path in notebooks(root)}
    for file in sorted(runs.glob("*/*/run.json")):
        described, results = manifest.read(file.parent), read_json(file.parent / "results.json")
        if described is not None and results is not None and "results.json" in described["outputs"]:
            notebook = code.get(described["notebook"])
            older = notebook is None or not manifest.has_code(described, notebook)
            found.append(Run(file.parent, described, results, older))
    return found


def answer(claim: Claim, runs: Sequence[Run]) -> Verdict:
    """Verdict on a claim: the worst of its cases, in the order differs, not run, undecided, reproduced.

    If everything that was run is reproduced, but `not_run` names more, the claim counts as not run.
    """
    cases = [judge(claim, where, runs) for where in claim.cases] if claim.predicate else []
    found = [case["verdict"] for case in cases]
    if claim.predicate:
        overall = next(one for one in ("differs", "not run", "undecided", "reproduced") if one in found)
        overall = "not run" if claim.not_run and overall == "reproduced" else overall
    else:
        overall = "not a test" if claim.not_a_test else "same evidence"
    notes = {"not run: ": claim.not_run, "": claim.not_a_test, "see ": ", ".join(claim.same_as)}
    note = "".join(start + text for start, text in notes.items() if text)
    described = claim.model_dump(include={"id", "claim", "paper", "notebook", "margin", "trained"})
    reason = claim.reason if overall in ("differs", "undecided") else ""
    return Verdict(**described, predicate=claim.lines, verdict=overall, cases=cases, note=note, reason=reason)


def judge(claim: Claim, where: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """Verdict, numbers and run for one case of a claim."""
    case: dict[str, Any] = {"where": where, "verdict": "not run"}
    run = best_run(claim, where, [run for run in runs if not run.older])
    if run is None:
        older = best_run(claim, where, runs)
        return case | ({"run": older.name, "note": "made by older code; run it again"} if older else {})
    case |= {"run": run.name, "scale": run.manifest.get("profile")}
    case["changed"] = {name: v for name, v in run.manifest.get("given", {}).items() if name not in where}
    try:
        checks = [check(line, run.results) for line in claim.lines]
        settled = {key: check(line, run.results) for key, line in claim.settled_lines.items()}
    except PredicateError as error:
        return case | {"note": str(error)}
    case["checks"] = [asdict(one) for one in checks]
    case["settled"] = {key: asdict(one) for key, one in settled.items()}
    case["ours"] = {key: run.results.get(key) for one in checks for key in one.keys}
    return case | {"verdict": outcome(checks, settled), "note": "; ".join(dict.fromkeys(why(checks, settled)))}


def outcome(checks: Sequence[Check], settled: Mapping[str, Check] = MappingProxyType({})) -> str:
    """Verdict of all lines: a false line decides first, then a line that lacks a result, then an undecided line.

    A line is undecided, whatever it says, unless the `settled` lines of all its results hold.
    """
    decided = [one.holds if all(settled[key].holds for key in one.keys if key in settled) else None for one in checks]
    if False in decided:
        return "differs"
    if any(one.missing for one in checks):
        return "not run"
    return "undecided" if None in decided else "reproduced"


def why(checks: Sequence[Check], settled: Mapping[str, Check] = MappingProxyType({})) -> list[str]:
    """What was not recorded, why results are undefined, and which `settled` lines do not hold."""
    missing = list(dict.fromkeys(key for one in checks for key in one.missing))
    told = [f"{', '.join(missing)} not recorded"] if missing else []
    untried = [key for key, one in settled.items() if one.missing]
    loose = [key for key, one in settled.items() if not one.holds and not one.missing]
    told += [f"not trained for longer: {', '.join(untried)}"] if untried else []
    told += [f"not settled: {', '.join(loose)}"] if loose else []
    return told + [reason for one in checks for reason in one.reasons]


def best_run(claim: Claim, where: dict[str, Any], runs: Sequence[Run]) -> Run | None:
    """Run of a claim's notebook with these parameters: with the fewest other `-p` options, then the best profile."""
    fitting = [
        run
        for run in runs
        if run.manifest.get("notebook") == claim.notebook
        and run.manifest.get("profile") != SMOKE
        and all(run.manifest.get("params", {}).get(name, ...) == value for name, value in where.items())
    ]
    return min(fitting, key=lambda run: rank(run, where), default=None)


def rank(run: Run, where: dict[str, Any]) -> tuple[int, int, str]:
    """Sort key of a run; the smallest is used."""
    others = len(set(run.manifest.get("given", {})) - set(where))
    profile = run.manifest.get("profile")
    return others, PROFILES.index(profile) if profile in PROFILES else len(PROFILES), run.folder.name
