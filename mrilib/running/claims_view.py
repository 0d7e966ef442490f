"""Display of the verdicts on the papers' claims: a table for the terminal, the same in Markdown, and JSON."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import takewhile
from typing import Any

from mrilib.running.claims import Verdict


def as_json(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Verdicts as JSON values."""
    return [asdict(verdict) for verdict in verdicts]


INDENT = 4 * " "
COLUMNS = (("item", 12), ("claim", 35), ("paper", 15), ("here", 20), ("verdict", 10))


def table(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as a text table, at most 100 columns wide."""
    rule = "  ".join("-" * width for _, width in COLUMNS)
    rows = [layout([name for name, _ in COLUMNS]), rule]
    for v in verdicts:
        rows.append(layout([v.id, v.claim, v.paper, here(v), v.verdict]))
        rows += (
            textwrap.wrap(f"likely reason: {v.reason}", 100, initial_indent=INDENT, subsequent_indent=INDENT)
            if v.reason
            else []
        )
    count = ", ".join(
        f"{sum(v.verdict == name for v in verdicts)} {name}" for name in ("reproduced", "differs", "not run")
    )
    return "\n".join([*rows, rule, f"{len(verdicts)} items: {count}"])


def markdown(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as a Markdown table, one row per item; `docs/claims.md` contains that of the quick profile."""
    lines = ["| item | claim | paper | here | verdict | likely reason |", "|---|---|---|---|---|---|"]
    for v in verdicts:
        cells = [v.id, v.claim, v.paper, here(v), v.verdict, v.reason]
        lines.append("| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def here(verdict: Verdict) -> str:
    """Our number, by case if there are several."""
    parts = []
    for case in verdict.cases:
        label = "/".join(map(str, case["where"].values())) if len(verdict.cases) > 1 else ""
        number = case.get("note") or numbers(case["ours"]) if "run" in case else "not run"
        changed = "".join(f" (-p {name} {value})" for name, value in case.get("changed", {}).items())
        parts.append(f"{label} {number}{changed}".strip())
    return "; ".join(parts) or verdict.note


def numbers(ours: Mapping[str, Any]) -> str:
    """The number, or several, each preceded by its key without the common prefix."""
    if len(ours) == 1:
        return interval(*ours.values())
    words = [key.split("_") for key in ours]
    common = sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*words, strict=False)))
    return ", ".join(
        f"{' '.join(name[common:])} {interval(entry)}" for name, entry in zip(words, ours.values(), strict=True)
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
