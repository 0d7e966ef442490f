"""Glossary of the lesson plans, shown where a term first occurs on a page."""

import re
from html import escape
from pathlib import Path

HEADING = "## Glossary"
ROW = re.compile(r"^\| \*\*(.+?)\*\* \| (.+?) \|$", re.MULTILINE)
# Text that is left alone: code, formulas, links, tags, headings and what is bold.
PROTECTED = re.compile(
    r"(```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|^#.*?$|^\|.*?$|\*\*.+?\*\*)", re.S | re.M
)


def read(plan: Path) -> dict[str, str]:
    """Terms and their meanings from the table of the lesson plans; none if there are no plans."""
    if not plan.is_file():
        return {}
    found = ROW.findall(plan.read_text(encoding="utf-8").partition(HEADING)[2])
    return {term: re.sub(r"[*`]", "", meaning) for terms, meaning in found for term in terms.split(", ")}


def explained(source: str, terms: dict[str, str], seen: set[str]) -> str:
    """Markdown in which the first occurrence of each term that is not in `seen` has its meaning; `seen` grows."""
    if not terms:
        return source
    words = "|".join(re.escape(term) for term in sorted(terms, key=len, reverse=True))
    pattern = re.compile(rf"(?<![\w-])({words})(?![\w-])")

    def marked(found: re.Match[str]) -> str:
        term = found[1]
        if term in seen:
            return term
        seen.add(term)
        return f'<abbr class="term" tabindex="0" title="{escape(terms[term])}">{term}</abbr>'

    parts = PROTECTED.split(source)
    parts[::2] = [pattern.sub(marked, part) for part in parts[::2]]
    return "".join(parts)
