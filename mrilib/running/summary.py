"""Text printed after notebooks have run: where they are, and the verdicts on the papers' claims."""

import os
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mrilib.running import manifest
from mrilib.running.claims import Verdict, answer, complete_runs, load
from mrilib.running.claims_view import interval
from mrilib.running.runner import Outcome
from mrilib.store.records import read_json

WIDTH = 100
FEW = 3  # numbers that stand for a notebook without claims


def summary(outcomes: Sequence[Outcome], root: Path) -> str:
    """A line for each run with its executed notebook, and the verdicts on the claims that these notebooks check.

    A notebook without claims is represented by the last intervals that it recorded, or else by its first numbers.
    """
    if not outcomes:
        return ""
    verdicts = verdicts_of({one.job.name for one in outcomes}, outcomes[0].job.folder.parents[1], root)
    claimed = {verdict.notebook for verdict in verdicts}
    lines = [""]
    for outcome in outcomes:
        described = manifest.read(outcome.job.folder)
        lines.append(nearest(manifest.executed(outcome.job.folder, described or {"outputs": {}})))
        if outcome.job.name not in claimed:
            lines += [f"    {line}" for line in few(read_json(outcome.job.folder / "results.json") or {})]
    if verdicts:
        lines += ["", "The papers' claims in these runs:", *map(one_line, verdicts)]
    more = "; reasons: mrilib claims" if verdicts else ""
    return "\n".join([*lines, "", f"All numbers: results.json beside each notebook{more}. To view: jupyter lab"])


def verdicts_of(names: set[str], runs: Path, root: Path) -> list[Verdict]:
    """Verdicts on those claims of these notebooks for which a run has an answer."""
    file = root / "params" / "claims.yaml"
    claims = [claim for claim in load(file) if claim.predicate and claim.notebook in names] if file.is_file() else []
    complete = complete_runs(runs, root) if claims else []
    found = [answer(claim, complete) for claim in claims]
    return [verdict for verdict in found if any("run" in case for case in verdict.cases)]


def one_line(verdict: Verdict) -> str:
    """Verdict, item and the beginning of the claim."""
    said = textwrap.shorten(f"{verdict.id}: {verdict.claim}", WIDTH - 17, placeholder=" …")
    return f"    {verdict.verdict:<12} {said}"


def few(results: dict[str, Any]) -> list[str]:
    """The last intervals, or else the first numbers, each with its name."""
    plain = {key: entry for key, entry in results.items() if key != "run" and not isinstance(entry, list)}
    intervals = [key for key, entry in plain.items() if isinstance(entry, dict) and "low" in entry]
    return [f"{key:<34} {interval(plain[key])}" for key in intervals[-FEW:] or list(plain)[:FEW]]


def nearest(path: Path) -> str:
    """The relative or the full path, whichever is shorter."""
    return min(os.path.relpath(path), str(path), key=len)
