"""Which values a notebook's parameters may take, and which ones a profile and `-p` give them."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import yaml
from nbformat import NotebookNode
from pydantic import AllowInfNan, BeforeValidator, TypeAdapter, ValidationError

from mrilib.project import UserError, hint
from mrilib.records import digest


class ParameterError(UserError):
    """A parameter or its value is not one that the notebook declares."""


def reject_bool(value: Any) -> Any:
    """Refuse True and False, which Python counts among the integers."""
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    return value


def reject_number(value: Any) -> Any:
    """Refuse 0 and 1 for a truth value."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError("a number is not a truth value")
    return value


SCALARS: dict[str, Any] = {
    "int": Annotated[int, BeforeValidator(reject_bool)],
    # lax, because YAML 1.1 reads `1e-4` as text
    "float": Annotated[float, BeforeValidator(reject_bool), AllowInfNan(False)],
    "bool": Annotated[bool, BeforeValidator(reject_number)],
    "str": str,
}


@dataclass(frozen=True)
class Parameter:
    """One line `name: annotation = default  # meaning` of a notebook's parameters cell."""

    name: str
    annotation: str
    default: Any
    meaning: str
    adapter: TypeAdapter[Any]
    choices: tuple[Any, ...]

    def validate(self, value: Any, where: str) -> Any:
        """`value` as the declared type. Raises ParameterError which names `where` it was given."""
        for candidate in self.readings(value):
            try:
                return self.adapter.validate_python(candidate)
            except ValidationError:
                continue
        near = hint(str(value), map(str, self.choices)) if self.choices else ""
        raise ParameterError(f"{where}: {self.name}: expected {self.annotation}, got {value!r}{near}")

    def readings(self, value: Any) -> list[Any]:
        """What a text may stand for: null, one of the choices, itself, a list; any other value is itself."""
        if not isinstance(value, str):
            return [value]
        null = [None] if value in ("null", "None", "~") else []
        return [*null, *(c for c in self.choices if str(c) == value), value, *read_list(value)]


def read_list(text: str) -> list[Any]:
    """`[text as a YAML list]`, or nothing where it is none."""
    try:
        value = yaml.safe_load(text) if text.lstrip().startswith("[") else None
    except yaml.YAMLError:
        return []
    return [value] if isinstance(value, list) else []


def declared(notebook: NotebookNode, name: str) -> dict[str, Parameter]:
    """The parameters of a notebook, in the order of its single cell tagged `parameters`.

    Raises ParameterError naming the notebook where that cell is missing, doubled, or not typed literals.
    """
    cells = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ParameterError(f"{name}: needs exactly one cell tagged 'parameters', has {len(cells)}")
    source = cells[0].source
    try:
        found = [read_declaration(node, source) for node in ast.parse(source).body]
    except (SyntaxError, ValueError) as error:
        raise ParameterError(f"{name}: parameters cell: {error}") from error
    return {parameter.name: parameter for parameter in found}


def read_declaration(node: ast.stmt, source: str) -> Parameter:
    """One statement of the parameters cell. Raises ValueError where it is not `name: type = literal`."""
    if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name) or node.value is None:
        raise ValueError(f"line {node.lineno}: expected `name: type = literal  # meaning`")
    annotation = ast.unparse(node.annotation)
    line = source.splitlines()[(node.end_lineno or node.lineno) - 1]
    meaning = line.encode()[node.end_col_offset :].decode().partition("#")[2].strip()
    try:
        default, choices = ast.literal_eval(node.value), literal_choices(node.annotation)
    except ValueError:
        raise ValueError(f"line {node.lineno}: {node.target.id}: the default must be a literal") from None
    adapter = TypeAdapter(read_type(node.annotation))
    parameter = Parameter(node.target.id, annotation, default, meaning, adapter, choices)
    parameter.validate(default, f"line {node.lineno}")
    return parameter


def read_type(node: ast.expr) -> Any:
    """The type behind an annotation: int, float, str, bool, list[…], Literal[…], None and unions of these."""
    match node:
        case ast.Name(id=name) if name in SCALARS:
            return SCALARS[name]
        case ast.Constant(value=None):
            return None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[read_type(left), read_type(right)]  # noqa: UP007 - built at run time
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[read_type(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="Literal")):
            return Literal[literal_choices(node)]
    known = "int, float, str, bool, list[…], Literal[…] or | None"
    raise ValueError(f"line {node.lineno}: unknown type {ast.unparse(node)}: use {known}")


def literal_choices(node: ast.expr) -> tuple[Any, ...]:
    """The values of every `Literal[…]` in an annotation."""
    found: list[Any] = []
    for part in ast.walk(node):
        if isinstance(part, ast.Subscript) and isinstance(part.value, ast.Name) and part.value.id == "Literal":
            value = ast.literal_eval(part.slice)
            found += value if isinstance(value, tuple) else (value,)
    return tuple(found)


def read_profile(file: Path) -> dict[str, Any]:
    """The flat mapping in a profile. Raises ParameterError naming the file where it is not one."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ParameterError(f"{file}: not readable as YAML: {' '.join(str(error).split())}") from error
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ParameterError(f"{file}: expected a flat mapping `name: value`, got {type(content).__name__}")
    return content


def apply(parameters: dict[str, Parameter], changes: Mapping[str, Any], where: str) -> dict[str, Any]:
    """`changes` validated. Raises ParameterError for an unknown name, with the nearest, or a wrong type."""
    for name in changes:
        if name not in parameters:
            raise ParameterError(f"{where}: no parameter {name!r}{hint(name, parameters)}")
    return {name: parameters[name].validate(value, where) for name, value in changes.items()}


@dataclass(frozen=True)
class Resolved:
    """All values, those that differ from the cell, and those that `-p` changed on top of the profile."""

    effective: dict[str, Any]
    injected: dict[str, Any]
    given: dict[str, Any]

    def label(self, profile: str) -> str:
        """Name of the run's folder: the profile, and a short digest where `-p` changed it."""
        return f"{profile}-{digest(self.given)[:8]}" if self.given else profile


def resolve(parameters: dict[str, Parameter], profile: Path | None, given: Mapping[str, Any]) -> Resolved:
    """The cell's defaults, changed by the profile's file, changed by `given`. Raises ParameterError."""
    defaults = {name: p.validate(p.default, "default") for name, p in parameters.items()}
    base = dict(defaults)
    if profile is not None:
        base |= apply(parameters, read_profile(profile), str(profile))
    effective = base | apply(parameters, given, "-p")
    return Resolved(
        effective,
        {name: value for name, value in effective.items() if value != defaults[name]},
        {name: value for name, value in effective.items() if value != base[name]},
    )
