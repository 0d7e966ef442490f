"""Bad values of parameters, and what became of each: refused in one line, taken, or something worse."""

import math
import random
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from records import ROOT, record, section

from mrilib.running import check
from mrilib.store.parameters import ParameterError, Record
from mrilib.store.project import notebooks

DEEP = "[" * 10_000
BAD = (
    *(None, True, False, -1, 0, 1, 3, 7, 0.5, -0.5, 1e-300, 1e300, math.nan, math.inf, -math.inf),
    *(10**6, 10**6 + 1, 2**31, 2**32, 2**63, 2**64, 10**30, -(10**30), 10**4000, 1j),
    *("", " ", "abc", "ü\x00\n💥", "nan", "inf", "-1", "1e400", "010", "1:30", "1_000", "[", DEEP, "9" * 5000),
    *("[1]", "[1, [2]]", "[nan]", "../..", "/dev/zero", "x" * 100_000, "cpu:7", "cuda:99", "{a: 1}", "&a [*a]"),
    *([], [1], [0], [-1, 2], [1] * 1000, [1, 2, 3, 4], [64, 64, 64, 10**6], [[1]], [None], ["a"], [math.nan]),
    *({}, {"a": 1}, (), b"x", object(), {1, 2}),
)


@dataclass(frozen=True)
class Value:
    """One field of one notebook's record with one bad value."""

    notebook: str
    field: str
    value: Any

    @property
    def said(self) -> str:
        """The case in a few characters."""
        return f"{self.notebook} {self.field} = {self.value!r:.60}"


@cache
def numbers() -> list[str]:
    """Numbers of all notebooks."""
    return [path.stem[:2] for path in notebooks(ROOT)]


def values(number: str) -> list[Value]:
    """Every field of a notebook's record with every bad value."""
    return [Value(number, field, value) for field in record(number).declared() for value in BAD]


def drawn(cases: Iterable[Value], count: int, draw: random.Random) -> list[Value]:
    """`count` values of each field, in their order."""
    fields: dict[str, list[Value]] = {}
    for case in cases:
        fields.setdefault(case.field, []).append(case)
    return [case for field in fields.values() for case in draw.sample(field, count)]


def outcome(case: Value) -> str:
    """`refused` in one line that names the parameter, `taken`, or what is wrong.

    What the record takes is judged as `mrilib run --check` does, without measuring a step.
    """
    try:
        made = record(case.notebook, **{case.field: case.value})
        return judged(case, made)
    except ParameterError as error:
        return one_line(str(error), case.field)
    except BaseException as error:
        return f"traceback: {type(error).__name__}: {error!s:.200}"


def judged(case: Value, made: Record) -> str:
    """What the check says of a record."""
    with patch.object(check, "measured_step", lambda spec, device: 1.0):
        report = check.check(section(case.notebook), made)
    hours = [line for line in report.lines if "-" in line and " h" in line and "-0" in line]
    if hours:
        return f"negative time: {hours[0]}"
    return "taken" if report.ready else missing([line for line in report.lines if line.startswith("MISSING")], case)


def missing(lines: list[str], case: Value) -> str:
    """What is said to be missing: data, or a value that the line must name."""
    if all("not fetched" in line or "MRILIB_DATA" in line or " in the files of " in line for line in lines):
        return "taken"
    named = [line for line in lines if case.field in line]
    return one_line([*named, *lines][0], case.field)


def one_line(message: str, field: str) -> str:
    """`refused` if a message is one short line that names the parameter."""
    if "\n" in message or len(message) > 600:
        return f"not one short line: {message[:200]!r}"
    return "refused" if field in message else f"does not name {field}: {message}"
