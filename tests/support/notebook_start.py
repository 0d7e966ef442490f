"""The beginning of a notebook, for tests of what stands in it: the rest would run for minutes."""

from pathlib import Path

import nbformat


def copy_until(notebook: Path, call: str, target: Path) -> None:
    """Copy the cells down to the one whose code begins with `call`."""
    content = nbformat.read(notebook, as_version=4)
    last = next(n for n, cell in enumerate(content.cells) if cell.cell_type == "code" and cell.source.startswith(call))
    content.cells = content.cells[: last + 1]
    nbformat.write(content, target)
