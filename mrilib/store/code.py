"""Library files that a piece of code imports, directly or indirectly, and their digest."""

import ast
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from threading import Lock

from mrilib.store.paths import PACKAGE

PARSING = Lock()


def file_of(module: str) -> Path | None:
    """File of one of the library's modules, or None for any other module."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if module.split(".")[0] == PACKAGE.name and found.is_file():
            return found
    return None


def parse(source: str) -> ast.Module:
    """Parse a source, one thread at a time: in Python 3.11 two that build trees at once may fail with SystemError."""
    with PARSING:
        return ast.parse(source)


def imported(source: str) -> frozenset[str]:
    """Library modules that a source imports, including inside functions; empty if it is not Python."""
    try:
        nodes = list(ast.walk(parse(source)))
    except (SyntaxError, ValueError):
        return frozenset()
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(name for name in names if file_of(name))


@lru_cache(maxsize=1024)
def _imported_by(file: Path, changed: int) -> frozenset[str]:
    return imported(file.read_text(encoding="utf-8"))


def reached(modules: Iterable[str]) -> dict[str, Path]:
    """Modules of the library and everything they import, with their files."""
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        file = file_of(module)
        if module not in found and file is not None:
            found[module] = file
            waiting += _imported_by(file, file.stat().st_mtime_ns)
    return found


def code_digest(modules: Iterable[str]) -> str:
    """Digest of the files of modules and everything they import, including .js scripts of the same name."""
    content = hashlib.sha256()
    for module, file in sorted(reached(modules).items()):
        for part in (file, file.with_suffix(".js")):
            if part.is_file():
                content.update(f"{module} {part.suffix}".encode() + part.read_bytes())
    return content.hexdigest()


def meaning_digest(modules: Iterable[str]) -> str:
    """Digest of the code of modules and everything they import, ignoring comments, docstrings and layout."""
    content = hashlib.sha256()
    for module, file in sorted(reached(modules).items()):
        content.update(f"{module} {_meaning(file, file.stat().st_mtime_ns)}".encode())
    return content.hexdigest()


@lru_cache(maxsize=1024)
def _meaning(file: Path, changed: int) -> str:
    tree = parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
