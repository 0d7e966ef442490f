"""Executed notebooks as a reader sees them: JupyterLab in headless Chromium, without network.

Screenshots of every notebook, screen by screen, go to the folder named by MRILIB_SCREENSHOTS.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
VIEWS = [("JupyterLab Light", 1280), ("JupyterLab Dark", 1920)]
OFFLINE = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--disable-background-networking",
]
LOCAL = re.compile(r"((https?|wss?)://127\.0\.0\.1[:/]|data:|blob:|about:)")
SETTINGS = {
    # Every cell is in the page at once, so that nothing is judged by its absence.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
VEGA = "application/vnd.vegalite.v5+json"

# One record per figure on the page: what it is called and how large it is drawn.
FIGURES = """() => [...document.querySelectorAll(
    '.jp-OutputArea-output img, .jp-OutputArea-output .vega-embed svg.marks')].map(node => ({
  kind: node.tagName.toLowerCase(),
  name: node.getAttribute('alt') || node.title
    || node.closest('[role="graphics-document"]')?.getAttribute('aria-label') || '',
  width: node.getBoundingClientRect().width,
  height: node.getBoundingClientRect().height,
  loaded: node.tagName !== 'IMG' || (node.complete && node.naturalWidth > 0)}))"""
OVERFLOWS = """() => [...document.querySelectorAll('.jp-OutputArea-output, .jp-MarkdownOutput')]
  .filter(node => node.scrollWidth > node.clientWidth + 2)
  .map(node => `${node.scrollWidth} > ${node.clientWidth}: ${node.innerText.slice(0, 60)}`)"""
# What JupyterLab writes in place of an output that it could not draw.
FAILURES = """() => [...document.querySelectorAll('.jp-OutputArea-output')]
  .map(node => node.innerText.slice(-200))
  .filter(text => /Error (displaying|creating|loading|rendering)|Javascript Error/i.test(text))"""
SCROLLER = "document.querySelector('.jp-NotebookPanel .jp-WindowedPanel-outer')"
CELLS = "[...document.querySelectorAll('.jp-Notebook .jp-Cell')]"
# Height down to the last cell (JupyterLab can scroll on into emptiness) and height of the screen.
EXTENT = f"""() => {{
  const panel = {SCROLLER}, end = {CELLS}.at(-1).getBoundingClientRect().bottom;
  return [end - panel.getBoundingClientRect().top + panel.scrollTop, panel.clientHeight] }}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address of one JupyterLab server for all tests, and the folder that it serves."""
    home = tmp_path_factory.mktemp("lab")
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
        *(f"--LabApp.user_settings_dir={home / 'settings'}", f"--LabApp.workspaces_dir={home / 'spaces'}"),
        "--LabApp.extension_manager=readonly",
    ]
    with (home / "log").open("w") as log:
        server = subprocess.Popen([sys.executable, "-m", "jupyterlab", *options], stdout=log, stderr=log)
        try:
            _await_server(server, f"{address}/api/status", home / "log")
            yield address, home / "root"
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _await_server(server: "subprocess.Popen[bytes]", address: str, log: Path) -> None:
    for _ in range(200):
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OFFLINE)
        yield chromium
        chromium.close()


def _stored(notebook: Path) -> tuple[int, list[str]]:
    """Number of figures in an executed notebook, and the errors that its cells raised."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    figures = sum(bool({VEGA, "image/png"} & output.get("data", {}).keys()) for output in outputs)
    return figures, [output["ename"] for output in outputs if output["output_type"] == "error"]


def _open(browser: Any, address: str, name: str, theme: str, width: int) -> tuple[Any, list[str]]:
    tab = browser.new_page(viewport={"width": width, "height": 1000})
    tab.set_default_timeout(90_000)
    outside: list[str] = []
    tab.on("request", lambda request: None if LOCAL.match(request.url) else outside.append(request.url[:120]))
    tab.goto(f"{address}/lab/tree/{name}?reset")
    tab.wait_for_selector(".jp-Notebook .jp-Cell")
    tab.evaluate("async () => { await window.jupyterapp.restored }")
    tab.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
    tab.wait_for_function("theme => document.body.dataset.jpThemeName === theme", arg=theme)
    return tab, outside


def _photograph(tab: Any, folder: Path, stem: str) -> int:
    """Scroll through the notebook and save one PNG per screen; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    height, screen = tab.evaluate(EXTENT)
    tops = range(0, max(1, int(height) - 40), int(screen) - 40)
    for index, top in enumerate(tops):
        tab.evaluate(f"top => {{ {SCROLLER}.scrollTop = top }}", top)
        tab.wait_for_timeout(200)
        tab.screenshot(path=folder / f"{stem}-{index:02d}.png")
    return len(tops)


@pytest.mark.parametrize(("theme", "width"), VIEWS, ids=["light-1280", "dark-1920"])
@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
def test_executed_notebook_reads_well(
    source: Path, theme: str, width: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    executed = ROOT / "runs" / source.stem / "quick" / "notebook.ipynb"
    if not executed.exists():
        pytest.skip(f"no executed copy: mrilib run {source.stem} --profile quick")
    browser, (address, served) = request.getfixturevalue("browser"), request.getfixturevalue("lab")
    shutil.copyfile(executed, served / f"{source.stem}.ipynb")
    expected, errors = _stored(executed)
    tab, outside = _open(browser, address, f"{source.stem}.ipynb", theme, width)
    try:
        tab.wait_for_function(f"expected => ({FIGURES})().filter(f => f.loaded).length >= expected", arg=expected)
        tab.wait_for_timeout(1500)
        figures, overflows, failures = (tab.evaluate(script) for script in (FIGURES, OVERFLOWS, FAILURES))
        folder = Path(os.environ.get("MRILIB_SCREENSHOTS") or tmp_path)
        screens = _photograph(tab, folder, f"{source.stem}-{theme.split()[-1].lower()}-{width}")
    finally:
        tab.close()
    assert errors + failures == []
    assert outside == []
    assert [f for f in figures if not f["name"].strip()] == [], "figures without alt text"
    assert [f for f in figures if min(f["width"], f["height"]) < 20 or not f["loaded"]] == [], "invisible figures"
    assert overflows == [], "outputs wider than their place"
    assert screens >= 1
