"""Parameters of notebooks: the values they may take, and those that a profile and `-p` give them."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Union

from nbformat import NotebookNode

from mrilib.store.code import file_of, imported
from mrilib.store.parameters import Parameter, ParameterError, Record
from mrilib.store.project import hint
from mrilib.store.records import digest
from mrilib.store.texts import FormatError, parse_yaml, read_text

if TYPE_CHECKING:
    from mrilib.train.networks import NetworkSpec

PLAIN = {"int": int, "float": float, "bool": bool, "str": str}
READ = "parameters"  # module of a section that contains its record


@dataclass(frozen=True)
class Line:
    """One line `name: annotation = default  # meaning` of a notebook's parameters cell."""

    name: str
    kind: Any
    default: Any
    meaning: str


def declared(notebook: NotebookNode, name: str) -> dict[str, Line]:
    """Read the parameters of a notebook, in the order of its single cell tagged `parameters`.

    Raises ParameterError naming the notebook if that cell is missing, duplicated, or not made of typed literals.
    """
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(f"{name}: needs exactly one cell tagged 'parameters', but has {len(cells)}")
    source = cells[0].source
    try:
        found = [read_declaration(node, source) for node in ast.parse(source).body]
    except (SyntaxError, ValueError) as error:
        raise ParameterError(f"{name}: parameters cell: {error}") from error
    except (RecursionError, MemoryError):
        raise ParameterError(f"{name}: parameters cell: nested too deeply") from None
    return {line.name: line for line in found}


def read_declaration(node: ast.stmt, source: str) -> Line:
    """Parse one statement of the parameters cell; raises ValueError if it is not `name: type = literal`."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
        raise ValueError(f"line {node.lineno}: expected `name: type = literal  # meaning`")
    text = source.splitlines()[(node.end_lineno or node.lineno) - 1]
    meaning = text.encode()[node.end_col_offset :].decode().partition("#")[2].strip()
    try:
        default = ast.literal_eval(node.value)
    except ValueError:
        raise ValueError(f"line {node.lineno}: {node.target.id}: the default must be a literal") from None
    kind = read_type(node.annotation)
    Parameter(node.target.id, kind).validate(default, f"line {node.lineno}")
    return Line(node.target.id, kind, default, meaning)


def read_type(node: ast.expr) -> Any:
    """Type of an annotation: int, float, str, bool, list[…], Literal[…], None, and unions of these."""
    match node:
        case ast.Name(id=name) if name in PLAIN:
            return PLAIN[name]
        case ast.Constant(value=None):
            return type(None)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[read_type(left), read_type(right)]  # noqa: UP007 - built at run time
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[read_type(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            found = ast.literal_eval(choices)
            return Literal[found if isinstance(found, tuple) else (found,)]
    known = "int, float, str, bool, list[…], Literal[…] or | None"
    raise ValueError(f"line {node.lineno}: unknown type {ast.unparse(node)}: use {known}")


def section(notebook: NotebookNode) -> str | None:
    """Library folder whose record a notebook reads, such as `mrilib.paper_a.mixtures`, or None."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    modules = sorted({module for source in cells for module in imported(source)})
    return next((found for found, _, last in (m.rpartition(".") for m in modules) if last == READ), None)


def record_of(notebook: NotebookNode, name: str) -> type[Record]:
    """Record into which a notebook reads its parameters, or one created from its cell if the notebook reads none.

    Raises ParameterError if the two do not name the same parameters.
    """
    lines, folder = declared(notebook, name), section(notebook)
    if folder is None:
        return make_dataclass(
            "Parameters",
            [(line.name, line.kind) for line in lines.values()],
            bases=(Record,),
            frozen=True,
            kw_only=True,
        )
    record: type[Record] = import_module(f"{folder}.{READ}").Parameters
    for own in sorted(lines.keys() ^ record.declared().keys()):
        lacking = "the parameters cell lacks" if own not in lines else f"{folder}.{READ} lacks"
        raise ParameterError(f"{name}: {lacking} {own!r}; both must name the same parameters")
    return record


def read_profile(file: Path) -> dict[str, Any]:
    """Read the flat mapping in a profile; raises ParameterError naming the file if it is not one."""
    try:
        content = parse_yaml(read_text(file))
    except (OSError, UnicodeDecodeError, FormatError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ParameterError(f"{file}: not readable as YAML: {said}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ParameterError(f"{file}: expected a flat mapping `name: value`, got {type(content).__name__}")
    return content


def apply(known: Mapping[str, Parameter], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Validate `changes`; raises ParameterError for a wrong value, or an unknown name with the nearest known one."""
    for name in changes:
        if name not in known:
            raise ParameterError(f"{where}: no parameter {name!r}{hint(name, known)}")
    return {name: known[name].validate(value, where) for name, value in changes.items()}


@dataclass(frozen=True)
class Resolved:
    """Record of parameters, values that differ from the cell, and values that `-p` changed on top of the profile."""

    record: Record
    injected: dict[str, Any]
    given: dict[str, Any]

    def label(self, profile: str) -> str:
        """Name of the run's folder: the profile, and a short digest if `-p` changed it."""
        return f"{profile}-{digest(self.given)[:8]}" if self.given else profile


def resolve(notebook: NotebookNode, name: str, profile: Path | None, given: Mapping[str, Any]) -> Resolved:
    """Apply the profile's file and then `given` to the cell's defaults; raises ParameterError."""
    record = record_of(notebook, name)
    known = record.declared()
    cell = {line.name: line.default for line in declared(notebook, name).values()}
    defaults = apply(known, cell, name)
    base = dict(defaults)
    if profile is not None:
        base |= apply(known, read_profile(profile), str(profile))
    effective = base | apply(known, given, "-p")
    return Resolved(
        record(**effective),
        {name: value for name, value in effective.items() if value != defaults[name]},
        {name: value for name, value in effective.items() if value != base[name]},
    )


def networks_of(folder: str | None, p: Record) -> "list[NetworkSpec]":
    """Distinct networks that a section trains or loads; empty if it trains nothing.

    Raises ParameterError if a network cannot be built with these parameters, or does not fit into memory.

    Args:
        folder: folder of the section; see `section`.
        p: its parameters.
    """
    if folder is None or file_of(f"{folder}.networks") is None:
        return []
    from mrilib.models.build import count_parameters

    try:
        found = import_module(f"{folder}.networks").networks(p)
    except ValueError as error:
        raise ParameterError(str(error)) from error
    for architecture in {str(spec.architecture): spec.architecture for spec in found}.values():
        try:
            count_parameters(architecture)
        except ValueError as error:
            raise ParameterError("".join([*_renamed(p, architecture), str(error)])) from error
    return list({str(spec.card): spec for spec in found}.values())


def _renamed(p: Record, architecture: Mapping[str, Any]) -> list[str]:
    """Prefixes for messages about a network: parameters that hold its sizes under longer names (`unet_chans`)."""
    given = {name: getattr(p, name) for name in p.declared()}
    return [
        f"{name}: "
        for name, value in given.items()
        for size in architecture
        if name.endswith(f"_{size}") and value == architecture[size]
    ]
