"""Selection of the notebooks that become pages, each with the run that tests its claims, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode

from mrilib.running import manifest
from mrilib.running.claims import Run, rank
from mrilib.running.jobs import read_notebook
from mrilib.store.project import UserError, label, notebooks


@dataclass(frozen=True)
class Page:
    """An executed notebook and its run; `source` is the notebook as shipped."""

    name: str
    source: Path
    run: Run
    content: NotebookNode

    @property
    def title(self) -> str:
        """The notebook's first heading, or its name."""
        headings = (line for cell in self.content.cells for line in cell.source.splitlines() if line.startswith("# "))
        return next(headings, "# " + label(self.name)).removeprefix("# ").strip()


def find_pages(root: Path, runs: Sequence[Run]) -> tuple[list[Page], list[str]]:
    """Find the pages in reading order, and the names of the notebooks that have no complete run.

    Of several runs, the one with the fewest `-p` options and then the best profile is taken. Raises UserError if no
    notebook was run.
    """
    pages, missing = [], []
    for source in notebooks(root):
        fitting = [run for run in runs if run.manifest.get("notebook") == source.stem and executed(run).is_file()]
        if fitting:
            run = min(fitting, key=lambda run: rank(run, {}))
            pages.append(Page(source.stem, source, run, read_notebook(executed(run))))
        else:
            missing.append(source.stem)
    if not pages:
        raise UserError("no complete run to show: execute the notebooks first, with `mrilib run --all`")
    return pages, missing


def executed(run: Run) -> Path:
    """The executed notebook of a run."""
    return manifest.executed(run.folder, run.manifest)
