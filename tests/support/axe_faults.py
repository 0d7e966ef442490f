"""What axe finds wrong with a page for readers with a screen reader, a keyboard or weak eyes."""

from typing import Any

import pytest

CONTRAST = "color-contrast"  # the rule that takes most of the time: it looks at every word of the page
# Of words that look alike (same colours, size and weight, on the same backgrounds), on one page or on many, axe looks
# at the first. What has no words of its own is left out, too: axe takes as long to find that.
MARK_REPEATS = """([part, seen]) => {
  const grounds = new Map([[null, '']]);
  const ground = element => {
    if (!grounds.has(element)) {
      const style = getComputedStyle(element);
      const placed = ['static', 'relative'].includes(style.position) ? '' : element.className;
      const own = [style.backgroundColor, style.backgroundImage, style.opacity, placed].join();
      grounds.set(element, ground(element.parentElement) + (own === 'rgba(0, 0, 0, 0),none,1,' ? '' : `|${own}`));
    }
    return grounds.get(element) };
  const looks = new Set(seen);
  for (const element of document.querySelectorAll(`${part} *`)) {
    const words = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim());
    element.toggleAttribute('data-repeats', !words && !element.matches('input, select, textarea'));
    if (!words) continue;
    const style = getComputedStyle(element);
    if (!element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
    const look = [style.color, style.fontSize, style.fontWeight, style.textShadow, ground(element)].join();
    element.toggleAttribute('data-repeats', looks.has(look));
    looks.add(look);
  }
  return [...looks] }"""
# Preloading would ask for files. "region" is the one costly rule of those that give hints only.
FAULTS = f"""async ([part, rules]) => {{
  axe.configure({{ rules: [{{ id: '{CONTRAST}', selector: '*:not([data-repeats])' }}] }});
  const how = {{ preload: false, resultTypes: ['violations'], rules: {{ region: {{ enabled: false }} }}, ...rules }};
  const found = await axe.run(part, how);
  return found.violations
    .filter(found => ['serious', 'critical'].includes(found.impact))
    .map(found => `${{found.id}}: ${{found.nodes.map(node => node.html.slice(0, 120)).join(' | ')}}`) }}"""


def faults(tab: Any, part: str = "html", colours_only: bool = False, looks: set[str] | None = None) -> list[str]:
    """Serious and critical violations below the elements of a CSS selector; "moderate" and "minor" are hints.

    `colours_only` looks for weak contrast alone: for a second theme of a page of which all else was seen in the first.
    `looks` are those of words on the pages before, whose contrast is known; this page's are added if it has no fault.
    """
    axe = pytest.importorskip("axe_playwright_python.base")
    tab.evaluate(axe.AXE_FILE_PATH.read_text(encoding="utf-8"))
    known = tab.evaluate(MARK_REPEATS, [part, sorted(looks or ())])
    found = list(tab.evaluate(FAULTS, [part, {"runOnly": [CONTRAST]} if colours_only else {}]))
    if looks is not None and not found:
        looks.update(known)
    return found
