"""Library files that a piece of code imports, directly or indirectly, and the digest of what they do."""

import ast
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from secrets import token_hex
from threading import Lock

from mrilib.store.paths import PACKAGE

PARSING = Lock()
# Left out of digests, with what only they import: what keeps and shows results and changes none, and the distributions,
# whose scans and accelerations are in the keys of results.
AFTERWARDS = ("mrilib.store", "mrilib.figures", "mrilib.data.catalogue")
PROCESS = token_hex(8)
LOADED = {file: file.stat().st_mtime_ns for file in PACKAGE.rglob("*.py")}  # as this process imports them
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True)
class Source:
    """Library modules that a source imports, including inside functions, and the digest of its meaning."""

    imports: frozenset[str]
    meaning: str


def file_of(module: str) -> Path | None:
    """File of one of the library's modules, or None for any other module."""
    path = PACKAGE.parent.joinpath(*module.split("."))
    for found in (path.with_suffix(".py"), path / "__init__.py"):
        if module.split(".")[0] == PACKAGE.name and found.is_file():
            return found
    return None


def parse(source: str) -> ast.Module:
    """Parse a source, one thread at a time: in Python 3.11, two threads that parse at once may raise SystemError."""
    with PARSING:
        return ast.parse(source)


def read(source: str) -> Source:
    """Read a source; raises SyntaxError or ValueError if it is not Python.

    The digest of its meaning ignores comments, docstrings and layout, and is the same in every version of Python.
    """
    told: list[str] = []
    names: set[str] = set()
    _tell(parse(source), told, names)
    meaning = hashlib.sha256("".join(told).encode("utf-8", "surrogatepass")).hexdigest()
    return Source(frozenset(name for name in names if file_of(name)), meaning)


def _tell(node: object, told: list[str], names: set[str]) -> None:
    """Append a tree as text, without empty fields, to `told`, and the modules that it imports to `names`."""
    if isinstance(node, list):
        for one in node:
            _tell(one, told, names)
            told.append(",")
    elif isinstance(node, ast.AST):
        names.update(_imports(node))
        told.append(f"{type(node).__name__}(")
        for field in node._fields:
            value = getattr(node, field, None)
            if field == "body" and isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
                value = node.body[1:]
            if value is not None and value != []:
                told.append(f"{field}=")
                _tell(value, told, names)
        told.append(")")
    else:
        told.append(repr(node))


def _imports(node: ast.AST) -> Collection[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return ()


def imported(source: str) -> frozenset[str]:
    """Library modules that a source imports, including inside functions; empty if it is not Python."""
    try:
        return read(source).imports
    except (SyntaxError, ValueError):
        return frozenset()


@lru_cache(maxsize=1024)
def _read_file(file: Path, changed: int) -> Source:
    return read(file.read_text(encoding="utf-8"))


def _source(file: Path) -> Source:
    """Read a file; a file changed since this process started equals no other, because older code may be loaded."""
    changed = file.stat().st_mtime_ns
    found = _read_file(file, changed)
    return found if LOADED.get(file, changed) == changed else replace(found, meaning=f"{found.meaning} {PROCESS}")


def reached(modules: Iterable[str], without: Collection[str] = ()) -> dict[str, Path]:
    """Modules of the library and everything they import, with their files.

    Args:
        modules: where to start.
        without: modules, or packages of them, that are left out together with what only they import.
    """
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        file = file_of(module)
        if module not in found and file is not None and not any(f"{module}.".startswith(f"{one}.") for one in without):
            found[module] = file
            waiting += _source(file).imports
    return found


def code_digest(modules: Iterable[str], without: Collection[str] = AFTERWARDS) -> str:
    """Digest of what modules and everything they import do, and of .js scripts of the same name.

    Comments, docstrings and layout are ignored; `without` as in `reached`.
    """
    content = hashlib.sha256()
    for module, file in sorted(reached(modules, without).items()):
        content.update(f"{module} {_source(file).meaning}".encode())
        script = file.with_suffix(".js")
        if script.is_file():
            content.update(script.read_bytes())
    return content.hexdigest()
