"""Jobs to run: one notebook, with the values of its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from mrilib.running.failures import first_line
from mrilib.running.manifest import run_key
from mrilib.running.parameters import resolve, section
from mrilib.store.parameters import Record
from mrilib.store.project import UserError, profile_file


@dataclass(frozen=True)
class Job:
    """One notebook with validated parameters, and the folder for its results."""

    notebook: Path
    root: Path
    content: nbformat.NotebookNode
    profile: str
    section: str | None
    record: Record
    injected: dict[str, Any]
    given: dict[str, Any]
    folder: Path
    key: str

    @property
    def name(self) -> str:
        """The notebook's name, without its suffix."""
        return self.notebook.stem


def plan(
    notebook: Path,
    root: Path,
    profile: str = "quick",
    given: Mapping[str, Any] | None = None,
    runs: Path | None = None,
) -> Job:
    """Read and validate a job without running it; raises UserError naming notebook, file or parameter."""
    content = read_notebook(notebook)
    values = resolve(content, notebook.name, profile_file(notebook, profile, root), given or {})
    folder = (runs or root / "runs").absolute() / notebook.stem / values.label(profile)
    key = run_key(content, values.record.values)
    about = profile, section(content), values.record, values.injected, values.given
    return Job(notebook, root, content, *about, folder, key)


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """Read the notebook at `path`; raises UserError if there is none."""
    try:
        return nbformat.read(path, as_version=4)
    except Exception as error:  # a damaged notebook can raise anything
        raise UserError(f"{path}: not a Jupyter notebook: {first_line(error)}") from error
