"""What axe finds wrong with a page for readers with a screen reader, a keyboard or weak eyes."""

from typing import Any

import pytest

# Preloading would ask for files.
FAULTS = """async ([part, rules]) => (await axe.run({ include: [[part]] }, { preload: false, ...rules })).violations
  .filter(found => ['serious', 'critical'].includes(found.impact))
  .map(found => `${found.id}: ${found.nodes.map(node => node.html.slice(0, 120)).join(' | ')}`)"""


def faults(tab: Any, part: str = "html", colours_only: bool = False) -> list[str]:
    """Serious and critical violations below the elements of a CSS selector; "moderate" and "minor" are hints.

    `colours_only` looks for weak contrast alone: for a second theme of a page of which all else was seen in the first.
    """
    axe = pytest.importorskip("axe_playwright_python.base")
    tab.evaluate(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
    rules = {"runOnly": ["color-contrast"]} if colours_only else {}
    return list(tab.evaluate(FAULTS, [part, rules]))
