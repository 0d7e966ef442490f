"""Types of parameters: their ranges, how strictly values are read, and how messages describe both."""

import re
import reprlib
import types
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from pydantic import AllowInfNan, BeforeValidator, GetCoreSchemaHandler
from pydantic_core import core_schema

from mrilib.store.project import listing

if TYPE_CHECKING:  # takes a second, too slow for `mrilib --help`
    import torch

DEVICES = re.compile(r"auto|cpu|cuda(:\d{1,2})?|mps")
WORDS = "auto, cpu, cuda or cuda:N"
SHOWN = 200  # characters of a wrong value in a message
BRIEF = reprlib.Repr()
BRIEF.maxstring = BRIEF.maxother = BRIEF.maxlong = SHOWN
SIGNS: dict[type, str] = {
    annotated_types.Ge: "at least",
    annotated_types.Gt: "above",
    annotated_types.Le: "at most",
    annotated_types.Lt: "below",
}


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


@dataclass(frozen=True)
class Text:
    """Restrict a text to those that match a pattern, described in words."""

    pattern: re.Pattern[str]
    words: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> Any:
        return core_schema.no_info_after_validator_function(self.matching, handler(source))

    def matching(self, value: str) -> str:
        """Return `value`; raises ValueError if the pattern does not match all of it."""
        if not self.pattern.fullmatch(value):
            raise ValueError("not of the form")
        return value


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


def strict_scalars(kind: Any) -> Any:
    """The type with a strict distinction between numbers and booleans, which Python treats as interchangeable."""
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
        if forms := [limit.words for limit in limits if isinstance(limit, Text)]:
            return forms[0]
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


def shown(value: Any) -> str:
    """A value as short text for a message, however large or deeply nested it is."""
    text = " ".join(BRIEF.repr(value).split())
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def choose_device(name: str) -> "torch.device":
    """Return the device called `name`; `auto` is the first GPU, or the CPU if there is none.

    Raises ValueError for another name, or if this machine does not have the device.
    """
    import torch

    if not DEVICES.fullmatch(name):
        raise ValueError(f"device: expected {WORDS}, got {name!r}")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    device = torch.device(name)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device: {name!r} requested, but torch sees {torch.cuda.device_count()} GPUs; use cpu")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError(f"device: {name!r} requested, but torch finds none; use cpu")
    return device
