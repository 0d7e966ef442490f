"""Verdicts on the papers' claims, computed from the runs on disk and never set by hand."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from mrilib.running import manifest
from mrilib.running.predicates import PredicateError, holds, keys, parse
from mrilib.store.project import SMOKE, UserError
from mrilib.store.records import read_json
from mrilib.store.texts import FormatError, parse_yaml, read_text

PROFILES = ("paper", "gpu", "quick")  # the first one that was run is used


class Claim(BaseModel):
    """One table, figure, proposition or appendix of a paper.

    `cases` are the conditions under which it must hold, each a mapping of parameters that a run must have; without
    them, any run counts. A claim without a predicate cannot be checked yet; `planned` says what will check it.
    `reason` is our explanation of why the claim may fail here; it is shown only if it does.
    """

    model_config = ConfigDict(extra="forbid", strict=True)
    id: str
    claim: str
    paper: str
    notebook: str | None = None
    key: str | list[str] | None = None
    predicate: str | None = None
    cases: list[dict[str, Any]] = [{}]
    planned: str | None = None
    reason: str = ""

    @property
    def keys(self) -> list[str]:
        """Keys of the results that are shown."""
        return [self.key] if isinstance(self.key, str) else self.key or []


@dataclass(frozen=True)
class Run:
    """A complete run on disk."""

    folder: Path
    manifest: dict[str, Any]
    results: dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """Verdict of the runs on a claim; `verdict` is "reproduced", "differs" or "not run"."""

    id: str
    claim: str
    paper: str
    notebook: str | None
    key: str | list[str] | None
    predicate: str | None
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
    return claims


def read_claim(entry: Any, file: Path) -> Claim:
    """Read one entry; raises UserError naming the file and the entry."""
    name = entry.get("id", entry) if isinstance(entry, dict) else entry
    try:
        claim = Claim.model_validate(entry)
        if claim.predicate is not None:
            parse(claim.predicate)
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"{file}: {name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except PredicateError as error:
        raise UserError(f"{file}: {name}: {error}") from error
    if claim.predicate is not None and (
        claim.notebook is None or not claim.keys or not set(claim.keys) <= keys(claim.predicate)
    ):
        raise UserError(f"{file}: {name}: a predicate needs a notebook, and a key that the predicate uses")
    return claim


def complete_runs(runs: Path) -> list[Run]:
    """All runs in `runs` whose files are unchanged since the runner wrote them."""
    found = []
    for file in sorted(runs.glob("*/*/run.json")):
        described, results = manifest.read(file.parent), read_json(file.parent / "results.json")
        if described is not None and results is not None and "results.json" in described["outputs"]:
            found.append(Run(file.parent, described, results))
    return found


def answer(claim: Claim, runs: Sequence[Run]) -> Verdict:
    """Verdict on a claim: "differs" if any case does, "reproduced" if all were run and hold, otherwise "not run"."""
    cases = [judge(claim, where, runs) for where in claim.cases] if claim.predicate else []
    verdicts = [case["verdict"] for case in cases]
    if "differs" in verdicts:
        overall = "differs"
    else:
        overall = "reproduced" if verdicts and set(verdicts) == {"reproduced"} else "not run"
    note = f"planned: {claim.planned}" if claim.planned else ""
    described = claim.model_dump(include={"id", "claim", "paper", "notebook", "key", "predicate"})
    reason = claim.reason if overall == "differs" else ""
    return Verdict(**described, verdict=overall, cases=cases, note=note, reason=reason)


def judge(claim: Claim, where: dict[str, Any], runs: Sequence[Run]) -> dict[str, Any]:
    """Verdict, number and run for one case of a claim."""
    case: dict[str, Any] = {"where": where, "verdict": "not run"}
    run = best_run(claim, where, runs)
    if run is None:
        return case
    assert_predicate = claim.predicate or ""
    case |= {"run": "/".join(run.folder.parts[-2:]), "ours": {key: run.results.get(key) for key in claim.keys}}
    case["changed"] = {name: v for name, v in run.manifest.get("given", {}).items() if name not in where}
    try:
        case["verdict"] = "reproduced" if holds(assert_predicate, run.results) else "differs"
    except PredicateError as error:
        case["note"] = str(error)
    return case


def best_run(claim: Claim, where: dict[str, Any], runs: Sequence[Run]) -> Run | None:
    """Run to use for a claim: of its notebook, with these parameters, fewest other `-p`, then the best profile."""
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
