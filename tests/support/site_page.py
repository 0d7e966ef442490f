"""A page of the site in Chromium: nothing is asked of the network, nothing complains, charts and images are drawn."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LOCAL = re.compile(r"(file|data|blob|about):|http://127\.0\.0\.1[:/]")
LOADED = """() => [...document.images].every(image => {
  image.loading = 'eager'; return image.complete && image.naturalWidth > 0 && image.alt })"""
LIVE = "() => [...document.querySelectorAll('figure.chart')].every(figure => figure.querySelector('svg.marks'))"
SPILLS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@contextmanager
def page(
    browser: Any,
    address: Path | str,
    scripts: bool = True,
    excused: str = "$.",
    theme: str = "light",
) -> Iterator[Any]:
    """A page of the site; at the end nothing may have been asked of the network or be wrong but what is excused."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, java_script_enabled=scripts)
    if theme:  # as a reader who has chosen one before
        context.add_init_script(f"localStorage.mode ??= '{theme}'; localStorage.theme ??= '{theme}'")
    tab, wrong = context.new_page(), []
    tab.on("request", lambda asked: None if LOCAL.match(asked.url) else wrong.append(f"asked for {asked.url[:120]}"))
    tab.on("console", lambda said: wrong.append(said.text[:200]) if said.type in ("error", "warning") else None)
    tab.on("pageerror", lambda error: wrong.append(str(error)[:200]))
    try:
        tab.goto(address.as_uri() if isinstance(address, Path) else address)
        yield tab
        assert [line for line in wrong if not re.search(excused, line)] == []
    finally:
        context.close()


def settled(tab: Any) -> None:
    """Wait until charts and images are drawn, every image with an alt text."""
    tab.wait_for_function(LIVE)
    tab.wait_for_function(LOADED)
