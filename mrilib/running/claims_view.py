"""Display of the verdicts on the papers' claims: a table for the terminal, the same in Markdown, and JSON."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import takewhile
from types import NoneType
from typing import Any

from mrilib.running.claims import TESTED, VERDICTS, Verdict


def as_json(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as JSON values."""
    return [asdict(verdict) for verdict in verdicts]


INDENT = 4 * " "
COLUMNS = (("item", 12), ("claim", 34), ("paper", 15), ("here", 20), ("verdict", 11))


def table(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as a text table, at most 100 columns wide."""
    rule = "  ".join("-" * width for _, width in COLUMNS)
    rows = [layout([name for name, _ in COLUMNS]), rule]
    for v in verdicts:
        rows.append(layout([v.id, v.claim, v.paper, here(v), v.verdict]))
        told = {"evidence": evidence(v), "likely reason": v.reason}
        for title, text in told.items():
            wrapped = textwrap.wrap(f"{title}: {text}", 100, initial_indent=INDENT, subsequent_indent=INDENT)
            rows += wrapped if text else []
    return "\n".join([*rows, rule, counted(verdicts)])


def counted(verdicts: Sequence[Verdict]) -> str:
    """Number of items with each verdict; items that repeat other evidence or are not tests do not count as tests."""
    number = {name: sum(v.verdict == name for v in verdicts) for name in VERDICTS}
    tests = ", ".join(f"{number[name]} {name}" for name in TESTED)
    others = "; ".join(f"{number[name]} {name}" for name in VERDICTS if name not in TESTED)
    return f"{sum(number[name] for name in TESTED)} tests: {tests}; {others}"


def markdown(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as a Markdown table, one row per item; `docs/claims.md` contains the table of the quick profile."""
    lines = ["| item | claim | paper says | margin | here | evidence | verdict | likely reason |", "|" + "---|" * 8]
    for v in verdicts:
        cells = [v.id, v.claim, v.paper, v.margin, here(v), evidence(v), v.verdict, v.reason]
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, "", counted(verdicts)])


def here(verdict: Verdict) -> str:
    """Numbers of the predicate's first line and of every line that does not hold, by case if there are several."""
    parts = []
    for case in verdict.cases:
        label = "/".join(map(str, case["where"].values())) if len(verdict.cases) > 1 else ""
        number = decisive(case) if "run" in case else "not run"
        changed = "".join(f" (-p {name} {value})" for name, value in case.get("changed", {}).items())
        parts.append(f"{label} {number}{changed}".strip())
    return "; ".join([part for part in parts if part] + [verdict.note] * bool(verdict.note))


def decisive(case: Mapping[str, Any]) -> str:
    """Numbers shown for one case, and remarks on them."""
    checks = case.get("checks", [])
    shown = [key for n, one in enumerate(checks) if n == 0 or one["holds"] is not True for key in one["keys"]]
    ours = {key: case["ours"][key] for key in dict.fromkeys(shown)}
    ours = {key: entry for key, entry in ours.items() if not isinstance(entry, (str, NoneType))}
    return "; ".join(part for part in (numbers(ours) if ours else "", case.get("note", "")) if part)


def evidence(verdict: Verdict) -> str:
    """Profile of the runs, smallest number of slices, and training runs: `quick, n = 12, one to 5 training runs`."""
    cases = [case for case in verdict.cases if "scale" in case]  # not those that only older code has run
    if not cases:
        return ""
    entries = [entry for case in cases for entry in case.get("ours", {}).values() if isinstance(entry, dict)]
    sizes = [entry["n"] for entry in entries if "n" in entry]
    told = ["/".join(dict.fromkeys(str(case["scale"]) for case in cases))]
    told += [f"n = {min(sizes)}"] if sizes else []
    if verdict.trained:
        counts = {entry.get("trainings", 1) for entry in entries} or {1}
        words = ["one" if count == 1 else str(count) for count in sorted({min(counts), max(counts)})]
        told.append(f"{' to '.join(words)} training run{'s' * (max(counts) > 1)}")
    return ", ".join(told)


def numbers(ours: Mapping[str, Any]) -> str:
    """One number, or several, each preceded by its key without the common prefix."""
    if len(ours) == 1:
        return interval(*ours.values())
    words = [key.split("_") for key in ours]
    common = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False)))
    return ", ".join(
        f"{' '.join(name[common:])} {interval(entry)}".strip() for name, entry in zip(words, ours.values(), strict=True)
    )


def interval(entry: Any) -> str:
    """Format as `0.926 [0.90, 0.95]`, or as the value alone."""
    if isinstance(entry, dict) and "low" in entry:
        return f"{entry['value']:.3g} [{entry['low']:.3g}, {entry['high']:.3g}]"
    value = entry.get("value") if isinstance(entry, dict) else entry
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def layout(cells: Sequence[str]) -> str:
    """One row of the table, spanning as many lines as its longest cell needs."""
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, (_, width) in zip(cells, COLUMNS, strict=True)]
    height = max(map(len, wrapped))
    lines = zip(*(column + [""] * (height - len(column)) for column in wrapped), strict=True)
    return "\n".join(
        "  ".join(part.ljust(width) for part, (_, width) in zip(line, COLUMNS, strict=True)).rstrip() for line in lines
    )
