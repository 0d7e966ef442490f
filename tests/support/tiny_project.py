"""A project with tiny notebooks, in a folder whose name has a space, a brace and letters beyond ASCII."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mrilib.running.jobs import Job, plan

REPOSITORY = Path(__file__).resolve().parents[2]
PARAMETERS = "steps: int = 3  # iterations\nrate: float = 1e-3  # step size"
RECORD = """import json, os, pathlib
folder = pathlib.Path(os.environ["MRILIB_RUN_DIR"])
entry = {"value": steps / 10, "low": 0.2, "high": 1.0, "n": 4}
(folder / "results.json").write_text(json.dumps({"fraction_closed": entry}))"""
COUNT = 'with open("executed.txt", "a") as log:\n    log.write("x")'
PID = 'import os, pathlib\npathlib.Path("kernel.pid").write_text(str(os.getpid()))'
SLEEP = "import time\ntime.sleep(60)"
PATIENCE = float(os.environ.get("MRILIB_PATIENCE", "1"))  # multiplies every time-out, on a machine with other work


@dataclass(frozen=True)
class Project:
    """The folder, and what tests do in it."""

    root: Path

    def notebook(self, name: str, *cells: str, parameters: str | None = PARAMETERS) -> Path:
        """Write `notebooks/<name>.ipynb` with a parameters cell and these code cells."""
        content = new_notebook()
        content.cells.append(new_markdown_cell("# Is it?"))
        if parameters is not None:
            content.cells.append(new_code_cell(parameters, metadata={"tags": ["parameters"]}))
        content.cells += [new_code_cell(cell) for cell in cells]
        path = self.root / "notebooks" / f"{name}.ipynb"
        nbformat.write(content, path)
        return path

    def profile(self, name: str, text: str, profile: str = "quick") -> Path:
        """Write `params/<name>/<profile>.yaml`."""
        path = self.root / "params" / name / f"{profile}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def plan(self, notebook: Path, **options: Any) -> Job:
        return plan(notebook, self.root, **options)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`mrilib …` as a process of its own."""
        path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
        return subprocess.Popen(
            [sys.executable, "-m", "mrilib.cli", *arguments],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def make_project(folder: Path) -> Project:
    """An empty project below `folder`."""
    root = folder / "prüfung {a} 1"
    for name in ("notebooks", "params"):
        (root / name).mkdir(parents=True)
    return Project(root)


def wait_until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Return as soon as `condition` holds; fail after `seconds`, times `PATIENCE`."""
    end = time.monotonic() + PATIENCE * seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def is_alive(process: int) -> bool:
    """Whether a process runs; one that has ended but was not collected does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def files_below(folder: Path) -> Sequence[str]:
    """Relative paths of all files."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
