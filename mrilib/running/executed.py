"""Executed notebooks: links that work where a notebook is stored, and removal of parts not meant for a commit."""

import os
import re
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

RELATIVE = re.compile(r"""(\]\(|\b(?:href|src)=["'])(?![a-zA-Z][a-zA-Z+.-]*:|[#/])([^)\s#"']+)""")
SHOWN = ("text/markdown", "text/html")


def relink(notebook: NotebookNode, source: Path, target: Path) -> None:
    """Rewrite the relative links to files of a notebook in the folder `source` so that they work from `target`."""
    way = Path(os.path.relpath(source, target)).as_posix()

    def moved(found: re.Match[str]) -> str:
        return f"{found[1]}{way}/{found[2]}" if (source / found[2]).exists() else found[0]

    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = RELATIVE.sub(moved, cell.source)
        for data in (output.data for output in cell.get("outputs", ()) if "data" in output):
            data.update({kind: RELATIVE.sub(moved, data[kind]) for kind in SHOWN if kind in data})


def without_outputs(notebook: NotebookNode) -> NotebookNode:
    """The notebook as it is committed: numbered cells, without outputs, execution counts or kernel data."""
    for number, cell in enumerate(notebook.cells):
        cell.id = str(number)
        kept = {name: cell.metadata[name] for name in ("tags", "jupyter") if name in cell.metadata}
        cell.metadata = NotebookNode({name: value for name, value in kept.items() if value})
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    language = notebook.metadata.get("language_info", {}).get("name", "python")
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = NotebookNode({"kernelspec": kernel, "language_info": {"name": language}})
    notebook.nbformat_minor = 5
    return notebook


def committed(text: str) -> str:
    """`without_outputs` for the text of a file; raises ValueError if it is not a notebook."""
    try:
        return nbformat.writes(without_outputs(nbformat.reads(text, as_version=4))) + "\n"
    except Exception as error:  # a damaged notebook can raise anything
        raise ValueError(f"not a notebook: {error}") from error


def main() -> int:
    """Clean filter for git: copy the notebook from standard input to standard output, without its outputs."""
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    sys.stdout.write(committed(sys.stdin.buffer.read().decode("utf-8")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
