"""Jupyter Notebook 7 in headless Chromium: each notebook has a tab of its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from jupyterlab_page import Page, Server, listen, serving

DEBUGGER = "Could not restore the debugger state"  # said by Notebook itself when a kernel has died
CLOSE = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"


@dataclass(frozen=True)
class Notebook7:
    """The browser, and the server whose notebooks it opens."""

    browser: Any
    server: Server

    @property
    def root(self) -> Path:
        """The served folder."""
        return self.server.root

    @contextmanager
    def opened(self, name: str) -> Iterator[Page]:
        """A notebook of the served folder in a new tab; as `Desk.opened`, except for errors at the tab's start."""
        tab = self.browser.new_page(viewport={"width": 1280, "height": 1000})
        page = Page(tab, self.root)
        listen(tab, lambda: page)
        try:
            tab.goto(f"{self.server.address}/notebooks/{name}")
            tab.wait_for_selector(".jp-Notebook .jp-Cell")
            page.errors.clear()  # of plugins that the server lacks
            yield page
            tab.evaluate(CLOSE)
        finally:
            tab.close()
        ours = [error for error in page.errors if DEBUGGER not in error]
        assert ours == [], ours
        assert page.outside == [], page.outside


@pytest.fixture(scope="session")
def notebook7(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook7]:
    """Jupyter Notebook 7, where it is installed."""
    pytest.importorskip("notebook", minversion="7", reason="Jupyter Notebook 7 is not installed")
    with serving("notebook", "JupyterNotebookApp", tmp_path_factory.mktemp("notebook7")) as server:
        yield Notebook7(browser, server)
