"""The code of notebooks: what a cell reads and binds, and single cells with what they need, to test one explorer."""

import ast
from collections.abc import Iterable
from pathlib import Path

import nbformat


def read(path: Path) -> nbformat.NotebookNode:
    """A notebook's content."""
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    """The cells of code, in order."""
    return [cell for cell in read(path).cells if cell.cell_type == "code"]


def copy_needed(notebook: Path, target: Path, *calls: str, **parameters: object) -> str:
    """Copy the cells of code that contain one of `calls` and every cell that they need; returns the copy's name.

    `parameters` replace values of the `parameters` cell, which must hold these names.
    """
    content = read(notebook)
    content.cells = needed(code_cells(notebook), calls)
    at = next(cell for cell in content.cells if is_parameters(cell))
    at.source = replaced(at.source, parameters)
    nbformat.write(content, target)
    return target.name


def is_parameters(cell: nbformat.NotebookNode) -> bool:
    """Whether papermill would write parameters beneath this cell."""
    return "parameters" in cell.metadata.get("tags", [])


def needed(cells: list[nbformat.NotebookNode], calls: Iterable[str]) -> list[nbformat.NotebookNode]:
    """The cells that contain a call, those that bind names they read, and so on to the beginning."""
    kept: list[nbformat.NotebookNode] = []
    wanted: set[str] = set()
    for cell in reversed(cells):
        tree = ast.parse(cell.source)
        binds, reads = assigned_names(tree) | imported_names(tree), outer_names(tree)
        if (
            wanted & binds
            or ("globals" in wanted and is_parameters(cell))
            or any(f"{call}(" in cell.source for call in calls)
        ):
            kept.insert(0, cell)
            wanted |= reads
    return kept


def replaced(source: str, parameters: dict[str, object]) -> str:
    """A `parameters` cell with other values."""
    lines = source.splitlines()
    for name, value in parameters.items():
        at = next(n for n, line in enumerate(lines) if line.startswith(f"{name}:"))
        lines[at] = f"{lines[at].partition(' = ')[0]} = {value!r}"
    return "\n".join(lines)


def imported_names(tree: ast.AST) -> set[str]:
    """Names bound by imports."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def inner_names(tree: ast.AST) -> set[str]:
    """Names that comprehensions and functions bind for themselves."""
    targets = [node.target for node in ast.walk(tree) if isinstance(node, ast.comprehension)]
    own = {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return own | {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}


def outer_names(tree: ast.AST) -> set[str]:
    """Names of the notebook's namespace that a cell reads or assigns."""
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - inner_names(tree)


def assigned_names(tree: ast.AST) -> set[str]:
    """Names of the notebook's namespace that a cell assigns."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names - inner_names(tree)
