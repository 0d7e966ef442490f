"""JupyterLab in headless Chromium without network: one server, pages that log what goes wrong, sliders moved by key."""

import json
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tiny_project import PATIENCE

BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")  # the first is the quickest
CHROMIUM = next(filter(None, map(shutil.which, BROWSERS)), None)
OFFLINE = [
    "--no-sandbox",
    "--disable-gpu",  # else an emulated one draws, at 80 ms a frame; nothing here asks for WebGL
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-background-networking",
]
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
LOCAL = re.compile(r"((https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:)")
SETTINGS = {
    # Every cell is in the page at once, so that nothing is judged by its absence.
    "notebook-extension/tracker": {"windowingMode": "none", "kernelShutdown": True},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
RESTS = "() => window.jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
OPEN = "async path => { await window.jupyterapp.commands.execute('docmanager:open', {path}) }"
# Closes what is open without asking whether to save it; its kernel is shut down with it.
CLOSE = """async () => {
  for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
    if (!widget.context) { continue; }
    widget.context.model.dirty = false;
    await widget.close();
  }
  const { sessions, kernels } = window.jupyterapp.serviceManager;
  await sessions.refreshRunning();  // else what is asked of an ended kernel fails in the next notebook's time
  await kernels.refreshRunning();
}"""
# Waits for a key and then for the view to become another, with its images decoded and a frame to draw them in; ms from
# the key's own time stamp, or null after 20 s.
MOVE = """view => {
  const before = view.innerHTML;
  let started = null;
  document.addEventListener("keydown", event => { started = event.timeStamp; }, { capture: true, once: true });
  window.pressed = new Promise(done => {
    const watch = new MutationObserver(async () => {
      if (view.innerHTML === before) { return; }
      watch.disconnect();
      await Promise.all([...view.querySelectorAll("img")].map(image => image.decode()));
      requestAnimationFrame(() => done(performance.now() - started));
    });
    watch.observe(view, { childList: true, subtree: true, attributes: true, characterData: true });
    setTimeout(() => { watch.disconnect(); done(null); }, 20000);
  });
}"""


@dataclass(frozen=True)
class Server:
    """Where JupyterLab listens, and the folder that it serves."""

    address: str
    root: Path


@dataclass
class Page:
    """A notebook on the screen, the requests that would leave this machine, and the errors of its console."""

    tab: Any
    root: Path
    outside: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def look(self, theme: str, width: int) -> None:
        """Show the page in a theme, at a width in pixels."""
        self.tab.set_viewport_size({"width": width, "height": 1000})
        self.tab.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        self.tab.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)

    def run_all(self, within: float = 240) -> None:
        """Run every cell and wait until the kernel rests; an error in a cell fails the test."""
        self.tab.wait_for_function(RESTS)
        self.tab.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells') }")
        # not awaited: the command ends when the last cell has run
        failed = "[data-mime-type='application/vnd.jupyter.stderr'] .ansi-red-fg, .jp-RenderedText .ansi-red-intense-fg"
        self.tab.wait_for_timeout(500)
        self.tab.wait_for_function(
            "() => ![...document.querySelectorAll('.jp-InputPrompt')].some(p => p.textContent.includes('*'))",
            timeout=within * 1000,
        )
        found = self.tab.locator(failed)
        assert found.count() == 0, "\n".join(found.all_inner_texts())[-800:]

    def explorer(self, label: str) -> "Explorer":
        """The explorer that has a control of this label; scrolled into view."""
        box = self.tab.locator(".widget-vbox", has=self.tab.locator(f"label:text-is('{label}')")).last
        box.wait_for()
        box.scroll_into_view_if_needed()
        return Explorer(self.tab, box)


@dataclass
class Explorer:
    """One explorer on the page: its controls by label, and its view."""

    tab: Any
    box: Any

    @property
    def view(self) -> Any:
        """What is drawn beneath the controls."""
        return self.box.locator(".widget-html-content").last

    def sources(self) -> list[str]:
        """Addresses of the view's images: their bytes, as they are data URIs."""
        return [str(image.get_attribute("src")) for image in self.view.locator("img").all()]

    def words(self) -> str:
        """The view's text and the alt texts of its images."""
        alts = [str(image.get_attribute("alt")) for image in self.view.locator("img").all()]
        return " ".join([self.view.inner_text(), *alts])

    def control(self, label: str) -> Any:
        """What takes the keyboard in the row of this label."""
        row = self.box.locator(".widget-inline-hbox", has=self.tab.locator(f"label:text-is('{label}')"))
        return row.locator("[role=slider], select, input, button").first

    def press(self, label: str, key: str = "ArrowRight") -> float:
        """Press a key on a control; ms until the view is another. Fails if it stays as it was for 20 s."""
        control = self.control(label)
        control.focus()
        self.tab.evaluate(MOVE, self.view.element_handle())
        control.press(key)
        took = self.tab.evaluate("() => window.pressed")
        assert took is not None, f"{label}: {key} changed nothing"
        return float(took)


def in_words(took: Sequence[float]) -> str:
    """The median and the largest of times in ms."""
    return f"{statistics.median(took):.0f} ms in the median of {len(took)}, at most {max(took):.0f}"


@dataclass
class Desk:
    """One tab of JupyterLab, in which notebooks are opened one after another: loading it anew takes seconds."""

    tab: Any
    root: Path
    page: Page

    @contextmanager
    def opened(self, name: str, theme: str = LIGHT, width: int = 1280) -> Iterator[Page]:
        """A notebook of the served folder, alone on the desk; at its end nothing may have been asked of the network
        and the console may hold no error."""
        self.page = page = Page(self.tab, self.root)
        page.look(theme, width)
        self.tab.evaluate(OPEN, name)
        try:
            self.tab.wait_for_selector(".jp-Notebook .jp-Cell")
            yield page
        finally:
            self.page = Page(self.tab, self.root)  # what is cut short by closing is no error of the notebook
            self.tab.evaluate(CLOSE)
        assert page.errors == [], page.errors
        assert page.outside == [], page.outside


def listen(tab: Any, page: Callable[[], Page]) -> None:
    """Let a tab's page note what is asked of the network and what its console calls an error."""
    tab.set_default_timeout(PATIENCE * 90_000)
    tab.on("request", lambda asked: None if LOCAL.match(asked.url) else page().outside.append(asked.url[:120]))
    tab.on("console", lambda said: page().errors.append(said.text[:200]) if said.type == "error" else None)
    tab.on("pageerror", lambda error: page().errors.append(str(error)[:200]))


@pytest.fixture(scope="session")
def desk(browser: Any, lab: Server) -> Iterator[Desk]:
    """JupyterLab on the screen, all notebooks closed."""
    tab = browser.new_page()
    desk = Desk(tab, lab.root, Page(tab, lab.root))
    listen(tab, lambda: desk.page)
    tab.goto(f"{lab.address}/lab?reset")
    tab.wait_for_function("() => window.jupyterapp")
    tab.evaluate("async () => { await window.jupyterapp.restored }")
    yield desk
    tab.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One JupyterLab server for all tests of a process."""
    with serving("jupyterlab", "LabApp", tmp_path_factory.mktemp("lab"), "--LabApp.extension_manager=readonly") as one:
        yield one


@contextmanager
def serving(module: str, application: str, home: Path, *more: str) -> Iterator[Server]:
    """A server of a front end, the class of whose application is named, with its settings and files in `home`."""
    for name, values in SETTINGS.items():
        path = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    (home / "root").mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    options = [
        *("--no-browser", "--allow-root", "--expose-app-in-browser", "--ip=127.0.0.1", f"--port={port}"),
        *("--IdentityProvider.token=", f"--ServerApp.root_dir={home / 'root'}", "--ServerApp.port_retries=0"),
        *(
            f"--{application}.user_settings_dir={home / 'settings'}",
            f"--{application}.workspaces_dir={home / 'spaces'}",
        ),
        *more,
    ]
    with (home / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", module, *options], stdout=log, stderr=log)
        try:
            _await_server(server, f"{address}/api/status", home / "log")
            yield Server(address, home / "root")
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(PATIENCE * 30)


def _await_server(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    for _ in range(round(PATIENCE * 200)):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"Jupyter did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium that can reach this machine only; skipped where there is none."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()
