"""What axe finds wrong with a page for readers with a screen reader, a keyboard or weak eyes."""

from typing import Any

import pytest

CONTRAST = "color-contrast"  # the rule that takes most of the time: it looks at every word of the page
# Preloading would ask for files. Colours of what is marked with data-seen were looked at elsewhere.
FAULTS = f"""async ([part, rules]) => {{
  axe.configure({{ rules: [{{ id: '{CONTRAST}', selector: ':not([data-seen] *)' }}] }});
  const found = await axe.run(part, {{ preload: false, resultTypes: ['violations'], ...rules }});
  return found.violations
    .filter(found => ['serious', 'critical'].includes(found.impact))
    .map(found => `${{found.id}}: ${{found.nodes.map(node => node.html.slice(0, 120)).join(' | ')}}`) }}"""


def faults(tab: Any, part: str = "html", colours_only: bool = False) -> list[str]:
    """Serious and critical violations below the elements of a CSS selector; "moderate" and "minor" are hints.

    `colours_only` looks for weak contrast alone: for a second theme of a page of which all else was seen in the first.
    """
    axe = pytest.importorskip("axe_playwright_python.base")
    tab.evaluate(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
    return list(tab.evaluate(FAULTS, [part, {"runOnly": [CONTRAST]} if colours_only else {}]))
