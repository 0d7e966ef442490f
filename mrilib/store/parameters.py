"""A notebook's parameters as a frozen record with types and ranges: checked once, copied, never changed."""

import ast
import types
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

import annotated_types
import yaml
from pydantic import AllowInfNan, BeforeValidator, GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import core_schema

from mrilib.store.project import UserError, hint, listing, nearest

Count = Annotated[int, annotated_types.Ge(1)]
CountOrAll = Annotated[int, annotated_types.Ge(0)]  # 0 means all
Seed = Annotated[int, annotated_types.Ge(0), annotated_types.Lt(2**32)]
Rate = Annotated[float, annotated_types.Gt(0)]
Share = Annotated[float, annotated_types.Gt(0), annotated_types.Lt(1)]
SIGNS: dict[type, str] = {
    annotated_types.Ge: "at least",
    annotated_types.Gt: "above",
    annotated_types.Le: "at most",
    annotated_types.Lt: "below",
}
NULL = ("null", "None", "~")


@dataclass(frozen=True)
class OneOf:
    """Restrict a text to a set of names, looked up when a value is checked: `Annotated[str, OneOf(SHIFTS)]`."""

    names: Collection[str]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self.known, handler(source))

    def known(self, value: str) -> str:
        """Return `value`; raises ValueError if it is not one of the names."""
        if value not in self.names:
            raise ValueError("not one of the names")
        return value

    __hash__ = object.__hash__


class ParameterError(UserError):
    """A parameter or its value does not match the notebook's declaration."""


def reject_bool(value: Any) -> Any:
    """Reject True and False, which Python treats as integers."""
    if isinstance(value, bool):
        raise ValueError("a truth value is not a number")
    return value


def reject_number(value: Any) -> Any:
    """Reject numbers such as 0 and 1 as a boolean."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError("a number is not a truth value")
    return value


SCALARS: dict[Any, Any] = {
    int: Annotated[int, BeforeValidator(reject_bool)],
    # lax, because YAML 1.1 reads `1e-4` as text
    float: Annotated[float, BeforeValidator(reject_bool), AllowInfNan(False)],
    bool: Annotated[bool, BeforeValidator(reject_number)],
}


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
        near = nearest(str(value), map(str, self.choices))
        raise ParameterError(f"{origin(where)}{self.name}: expected {in_words(self.kind)}, got {value!r}{near}")

    def readings(self, value: Any) -> list[Any]:
        """Possible readings of a text: null, one of the choices, itself, a list; any other value is itself."""
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
        value = yaml.safe_load(text) if text.lstrip().startswith("[") else None
    except yaml.YAMLError:
        return []
    return [value] if isinstance(value, list) else []


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Validator for values of a type."""
    return TypeAdapter(strict_scalars(kind))


def strict_scalars(kind: Any) -> Any:
    """The type with numbers and booleans kept apart, which Python otherwise treats as interchangeable."""
    if get_origin(kind) is Annotated:
        inner, *ranges = get_args(kind)
        return Annotated[(strict_scalars(inner), *ranges)]
    if get_origin(kind) is list:
        return list[strict_scalars(get_args(kind)[0])]  # type: ignore[misc]
    if get_origin(kind) in (Union, types.UnionType):
        return Union[tuple(strict_scalars(part) for part in get_args(kind))]  # noqa: UP007 - built at run time
    return SCALARS.get(kind, kind)


def without_ranges(kind: Any) -> Any:
    """The type without its ranges."""
    if get_origin(kind) is Annotated:
        return without_ranges(get_args(kind)[0])
    if get_origin(kind) is list:
        return list[without_ranges(get_args(kind)[0])]  # type: ignore[misc]
    if get_origin(kind) in (Union, types.UnionType):
        return Union[tuple(without_ranges(part) for part in get_args(kind))]  # noqa: UP007 - built at run time
    return kind


def literals(kind: Any) -> tuple[Any, ...]:
    """The values of every `Literal[…]` and the names of every `OneOf` in a type."""
    if isinstance(kind, OneOf):
        return tuple(kind.names)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return tuple(value for part in get_args(kind) for value in literals(part))


def in_words(kind: Any) -> str:
    """Describe a type and its range for messages, e.g. `int, at least 1`."""
    if get_origin(kind) is Annotated:
        inner, *limits = get_args(kind)
        if any(isinstance(limit, OneOf) for limit in limits):
            return f"one of {listing(literals(kind))}"
        return ", ".join([in_words(inner), *filter(None, map(limit_in_words, limits))])
    if get_origin(kind) is list:
        return f"list[{in_words(get_args(kind)[0])}]"
    if get_origin(kind) in (Union, types.UnionType):
        return " | ".join(map(in_words, get_args(kind)))
    if get_origin(kind) is Literal:
        return f"Literal[{', '.join(map(repr, get_args(kind)))}]"
    return "None" if kind is type(None) else kind.__name__


def limit_in_words(limit: Any) -> str:
    """Describe one end of a range, or the number of entries of a list."""
    if isinstance(limit, annotated_types.Len):
        return f"{limit.min_length} of them" if limit.min_length == limit.max_length else f"{limit.min_length} or more"
    if type(limit) not in SIGNS:
        return ""
    [bound] = vars(limit).values() if hasattr(limit, "__dict__") else [getattr(limit, type(limit).__name__.lower())]
    return f"{SIGNS[type(limit)]} {bound}"


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
