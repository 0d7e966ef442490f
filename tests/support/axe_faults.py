"""What axe finds wrong with a page for readers with a screen reader, a keyboard or weak eyes."""

from collections.abc import Sequence
from typing import Any

import pytest

# Preloading would ask for files.
FAULTS = """async ([parts, rules]) => (await axe.run(parts, { preload: false, ...rules })).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .map(found => `${found.id}: ${found.nodes.map(node => node.html.slice(0, 120)).join(' | ')}`)"""


def faults(tab: Any, part: str = "html", colours_only: bool = False, without: Sequence[str] = ()) -> list[str]:
    """Serious and critical violations below the elements of a CSS selector; "moderate" and "minor" are hints.

    `colours_only` looks for weak contrast alone: for a second theme of a page of which all else was seen in the first.
    `without` are selectors of parts to leave out.
    """
    axe = pytest.importorskip("axe_playwright_python.base")
    tab.evaluate(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
    rules = {"runOnly": ["color-contrast"]} if colours_only else {}
    parts = {"include": [[part]], "exclude": [[one] for one in without]}
    return list(tab.evaluate(FAULTS, [parts, rules]))
