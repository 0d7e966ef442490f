"""Comparisons of recorded results with margins, parsed without `eval`: `fraction_closed_{network}_{shift} >= 0.75`.

A line is true if the whole interval satisfies the margin, false if none of it does, and otherwise undecided.
"""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, isnan
from typing import Any

from mrilib.gap import Interval, at_least

PLACE = re.compile(r"\{(\w+)\}")
COMPARISONS = (ast.LtE, ast.GtE)
DEEPEST = 50  # levels of a line


class PredicateError(ValueError):
    """Raised if a line is not valid in this language."""


@dataclass(frozen=True)
class Check:
    """One line with its outcome: true, false, None if undecided; `missing` names results that were not recorded."""

    line: str
    holds: bool | None
    keys: tuple[str, ...]
    missing: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def expand(lines: Sequence[str], over: Mapping[str, Sequence[str]]) -> list[str]:
    """Write out lines with placeholders such as `{shift}`, once for each combination of the values in `over`.

    Raises PredicateError for a placeholder without values and for values without a placeholder.
    """
    places = {place for line in lines for place in PLACE.findall(line)}
    if places != set(over):
        odd = ", ".join(sorted(places ^ set(over)))
        raise PredicateError(f"{odd}: expected each placeholder of the predicate in `over`, and no other")
    written = []
    for line in lines:
        names = list(dict.fromkeys(PLACE.findall(line)))
        for values in product(*(over[name] for name in names)):
            written.append(line.format(**dict(zip(names, values, strict=True))))
    return written


def parse(line: str) -> ast.Compare:
    """Parse one line: a chain of <= and >= over sums, products and ratios of numbers and recorded results.

    Raises PredicateError for anything else.
    """
    try:
        tree = ast.parse(line.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise PredicateError(f"predicate {line!r}: {getattr(error, 'msg', error)}") from error
    except (RecursionError, MemoryError):
        raise PredicateError(f"predicate {line[:40]!r}…: nested too deeply") from None
    if depth(tree) > DEEPEST:
        raise PredicateError(f"predicate {line[:40]!r}…: nested too deeply")
    if not isinstance(tree, ast.Compare) or not all(isinstance(op, COMPARISONS) for op in tree.ops):
        raise PredicateError(f"predicate {line!r}: expected a comparison by <= or >=, got {ast.unparse(tree)!r}")
    for side in (tree.left, *tree.comparators):
        check_number(side, line)
    if not any(isinstance(node, ast.Name) for node in ast.walk(tree)):
        raise PredicateError(f"predicate {line!r}: uses no result, so it cannot fail")
    return tree


def depth(tree: ast.AST) -> int:
    """Number of levels of a tree."""
    level, levels = [tree], 0
    while level:
        level, levels = [child for node in level for child in ast.iter_child_nodes(node)], levels + 1
    return levels


def check_number(node: ast.expr, line: str) -> None:
    """Raise PredicateError unless `node` is a number, a result, or arithmetic on these."""
    match node:
        case ast.Constant(value=number) if type(number) in (int, float):
            return
        case ast.Name():
            return
        case ast.UnaryOp(op=ast.USub(), operand=part):
            check_number(part, line)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), right=right):
            check_number(left, line)
            check_number(right, line)
        case _:
            raise PredicateError(f"predicate {line!r}: {ast.unparse(node)!r} is not allowed")


def keys(line: str) -> tuple[str, ...]:
    """Results that a line uses, in their order."""
    names = [node for node in ast.walk(parse(line)) if isinstance(node, ast.Name)]
    return tuple(dict.fromkeys(node.id for node in sorted(names, key=lambda node: node.col_offset)))


def check(line: str, results: Mapping[str, Any]) -> Check:
    """Outcome of one line; a result that is text states why it is undefined, and leaves the line undecided."""
    tree, used = parse(line), keys(line)
    missing = tuple(key for key in used if results.get(key) is None)
    if missing:
        return Check(line, None, used, missing)
    sides = [number(part, results) for part in (tree.left, *tree.comparators)]
    outcomes = [compared(op, one, other) for op, one, other in zip(tree.ops, sides, sides[1:], strict=False)]
    holds = False if False in outcomes else None if None in outcomes else True
    reasons = tuple(f"{key} is undefined: {results[key]}" for key in used if isinstance(results[key], str))
    return Check(line, holds, used, (), reasons)


def compared(op: ast.cmpop, one: "Ends", other: "Ends") -> bool | None:
    """Comparison of two ranges; see `gap.at_least`."""
    if isinstance(op, ast.LtE):
        one, other = other, one
    low, high = combined(ast.Sub(), one, other)
    return at_least(Interval(low, low, high, 1), 0.0)


Ends = tuple[float, float]


def number(node: ast.expr, results: Mapping[str, Any]) -> Ends:
    """Range of a checked expression, by interval arithmetic; the range of a recorded number is that number."""
    match node:
        case ast.Constant(value=constant):
            return float(constant), float(constant)  # type: ignore[arg-type]
        case ast.Name(id=key):
            return ends(key, results[key])
        case ast.UnaryOp(operand=operand):
            low, high = number(operand, results)
            return -high, -low
        case ast.BinOp(left=left, op=op, right=right):
            return combined(op, number(left, results), number(right, results))
    raise PredicateError(f"{ast.unparse(node)!r} is not allowed")


def combined(op: ast.operator, one: Ends, other: Ends) -> Ends:
    """Sum, difference, product or ratio of two ranges; a ratio whose divisor may be 0 may be anything."""
    if isinstance(op, ast.Add):
        return one[0] + other[0], one[1] + other[1]
    if isinstance(op, ast.Sub):
        return one[0] - other[1], one[1] - other[0]
    if isinstance(op, ast.Div):
        if other[0] <= 0 <= other[1]:
            return -inf, inf
        other = 1 / other[1], 1 / other[0]
    corners = [a * b for a in one for b in other]
    return (-inf, inf) if any(map(isnan, corners)) else (min(corners), max(corners))


def ends(key: str, entry: Any) -> Ends:
    """Range of a recorded result: its interval or its number; unbounded if undefined or a mean without interval."""
    if isinstance(entry, str):
        return -inf, inf
    whole = entry if isinstance(entry, dict) else {"value": entry, "low": entry, "high": entry}
    numbers = [whole.get("value"), whole.get("low", -inf), whole.get("high", inf)]
    if any(isinstance(one, bool) or not isinstance(one, (int, float)) for one in numbers):
        raise PredicateError(f"{key!r} is not a number: {entry!r}")
    return float(numbers[1]), float(numbers[2])
