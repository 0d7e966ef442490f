"""A notebook's parameters as a frozen record with types and ranges: checked once, copied, never changed."""

import ast
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Self, get_type_hints

import annotated_types
from pydantic import TypeAdapter, ValidationError

from mrilib.store.kinds import DEVICES, WORDS, Text, in_words, literals, shown, strict_scalars, without_ranges
from mrilib.store.project import UserError, hint, nearest
from mrilib.store.texts import FormatError, parse_yaml

MOST = 100_000  # of anything counted: above, lists and loops would exhaust memory or patience

Rate = Annotated[float, annotated_types.Gt(0), annotated_types.Le(1e6)]
Share = Annotated[float, annotated_types.Gt(0), annotated_types.Lt(1)]
NULL = ("null", "None", "~")


Seed = Annotated[int, annotated_types.Ge(0), annotated_types.Lt(2**32)]
Count = Annotated[int, annotated_types.Ge(1), annotated_types.Le(MOST)]
CountOrAll = Annotated[int, annotated_types.Ge(0), annotated_types.Le(MOST)]  # 0 means all
Width = Annotated[int, annotated_types.Ge(1), annotated_types.Le(65_536)]  # channels or features of a network
Layers = Annotated[int, annotated_types.Ge(1), annotated_types.Le(64)]  # blocks, cascades or iterations in a network
Side = Annotated[int, annotated_types.Ge(1), annotated_types.Le(8192)]  # of an image or a patch, in pixels
Workers = Annotated[int, annotated_types.Ge(1), annotated_types.Le(256)]  # processes at a time
Device = Annotated[str, Text(DEVICES, WORDS)]


class ParameterError(UserError):
    """A parameter or its value does not match the notebook's declaration."""


@dataclass(frozen=True)
class Parameter:
    """A name with its type and range."""

    name: str
    kind: Any

    @property
    def plain(self) -> Any:
        """The type without its range, as a notebook's cell declares it."""
        return without_ranges(self.kind)

    @property
    def choices(self) -> tuple[Any, ...]:
        """The values of every `Literal[…]` and the names of every `OneOf` in the type."""
        return literals(self.kind)

    def validate(self, value: Any, where: str = "") -> Any:
        """Convert `value` to the declared type, copying lists; raises ParameterError naming `where` it was given."""
        for candidate in self.readings(value):
            try:
                return adapter(self.kind).validate_python(candidate)
            except ValidationError:
                continue
        near = nearest(value, map(str, self.choices)) if isinstance(value, str) else ""
        raise ParameterError(f"{origin(where)}{self.name}: expected {in_words(self.kind)}, got {shown(value)}{near}")

    def readings(self, value: Any) -> list[Any]:
        """Possible readings of a text: null, a choice, the text itself, or a list; other values are unchanged."""
        if not isinstance(value, str):
            return [value]
        null = [None] if value in NULL else []
        return [*null, *(c for c in self.choices if str(c) == value), value, *read_list(value)]


def origin(where: str) -> str:
    """`where` as the prefix of a message."""
    return f"{where}: " if where else ""


def read_list(text: str) -> list[Any]:
    """`[text as a YAML list]`, or an empty list if it is not one."""
    try:
        value = parse_yaml(text) if text.lstrip().startswith("[") else None
    except FormatError:
        return []
    return [value] if isinstance(value, list) else []


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Validator for values of a type."""
    return TypeAdapter(strict_scalars(kind))


@dataclass(frozen=True, kw_only=True)
class Record:
    """Parameters of a notebook; each section's record lists their names, types and ranges.

    Defaults are defined in the notebook's `parameters` cell and nowhere else. A record is created completely or not
    at all, and keeps copies: later assignments in the notebook have no effect.

    Raises:
        ParameterError: a value has the wrong type or is out of range, or values are incompatible.
    """

    datasets: ClassVar[tuple[str, ...]] = ()  # data sets that must be fetched with `mrilib data get`

    def __post_init__(self) -> None:
        for parameter in self.declared().values():
            object.__setattr__(self, parameter.name, parameter.validate(getattr(self, parameter.name)))
        self.check()

    def check(self) -> None:
        """Raise ParameterError if values are incompatible; sections override this."""

    @classmethod
    def declared(cls) -> dict[str, Parameter]:
        """Every parameter by name."""
        hints = get_type_hints(cls, include_extras=True)
        return {field.name: Parameter(field.name, hints[field.name]) for field in fields(cls)}

    @classmethod
    def of(cls, namespace: Mapping[str, Any]) -> Self:
        """Create the record from a notebook's `globals()`, in the cell after its parameters.

        Raises:
            ParameterError: as for the class, or the cell or papermill sets a name that the record does not have.
        """
        known = cls.declared()
        for name in assigned(namespace.get("In", ()), known):
            if name not in known:
                raise ParameterError(f"no parameter {name!r}{hint(name, known)}")
        for name in known:
            if name not in namespace:
                raise ParameterError(f"{name}: not set; run the parameters cell first")
        return cls(**{name: namespace[name] for name in known})

    @property
    def values(self) -> dict[str, Any]:
        """Copy of every value by name."""
        return asdict(self)


def assigned(cells: Any, known: Mapping[str, Any]) -> list[str]:
    """Names declared by the last run of the parameters cell and set by papermill's cell after it.

    Args:
        cells: cell sources in execution order, as in IPython's `In`.
        known: parameters; the parameters cell is the one that declares at least one of them.
    """
    for number in range(len(cells) - 1, -1, -1):
        names = names_in(cells[number], ast.AnnAssign)
        if set(names) & set(known):
            injected = [source for source in cells[number + 1 :] if source.startswith("# Parameters\n")]
            return [*names, *(name for source in injected for name in names_in(source, ast.Assign))]
    return []


def names_in(source: str, kind: type[ast.Assign] | type[ast.AnnAssign]) -> list[str]:
    """Names that a cell assigns at its top level; empty if it does anything else."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return []
    if not all(isinstance(node, kind) for node in body):
        return []
    targets = [target for node in body for target in (node.targets if isinstance(node, ast.Assign) else [node.target])]  # type: ignore[attr-defined]
    return [target.id for target in targets if isinstance(target, ast.Name)]
