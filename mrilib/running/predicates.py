"""Small comparisons over recorded results, parsed without `eval`: `low(gap_before) > 0 and value(n) >= 8`."""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any


class PredicateError(ValueError):
    """Raised if a predicate is not in the language, or if the results lack a key it needs."""


DEEPEST = 50  # levels of a predicate

ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
COMPARISONS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def parse(text: str) -> ast.expr:
    """Parse a predicate into its tree.

    The language: and, or, not, comparisons, + - * /, numbers, `value(key)`, `low(key)`, `high(key)`; a
    bare key is its value. Raises PredicateError for anything else, and for expressions that are not comparisons.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        raise PredicateError(f"predicate {text!r}: {getattr(error, 'msg', error)}") from error
    except (RecursionError, MemoryError):
        raise PredicateError(f"predicate {text[:40]!r}…: nested too deeply") from None
    if depth(tree) > DEEPEST:
        raise PredicateError(f"predicate {text[:40]!r}…: nested too deeply")
    check_truth(tree, text)
    return tree


def depth(tree: ast.AST) -> int:
    """Number of levels of a tree."""
    level, levels = [tree], 0
    while level:
        level, levels = [child for node in level for child in ast.iter_child_nodes(node)], levels + 1
    return levels


def check_truth(node: ast.expr, text: str) -> None:
    """Raise PredicateError unless `node` is made of comparisons."""
    match node:
        case ast.BoolOp(values=parts):
            for part in parts:
                check_truth(part, text)
        case ast.UnaryOp(op=ast.Not(), operand=part):
            check_truth(part, text)
        case ast.Compare(left=left, ops=ops, comparators=rights) if all(type(op) in COMPARISONS for op in ops):
            for part in (left, *rights):
                check_number(part, text)
        case _:
            raise PredicateError(f"predicate {text!r}: expected a comparison, got {ast.unparse(node)!r}")


def check_number(node: ast.expr, text: str) -> None:
    """Raise PredicateError unless `node` is a number, a key, or arithmetic on these."""
    match node:
        case ast.Constant(value=number) if type(number) in (int, float):
            return
        case ast.Name() | ast.Call(func=ast.Name(id="value" | "low" | "high"), args=[ast.Name()], keywords=[]):
            return
        case ast.UnaryOp(op=ast.USub(), operand=part):
            check_number(part, text)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
            check_number(left, text)
            check_number(right, text)
        case _:
            raise PredicateError(f"predicate {text!r}: {ast.unparse(node)!r} is not allowed")


def keys(text: str) -> set[str]:
    """Result keys that a predicate uses."""
    names = {node.id for node in ast.walk(parse(text)) if isinstance(node, ast.Name)}
    called = {
        node.func.id for node in ast.walk(parse(text)) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return names - called


def holds(text: str, results: Mapping[str, Any]) -> bool:
    """Whether the predicate holds for `results`; raises PredicateError if they lack a key it needs."""
    try:
        return truth(parse(text), results)
    except ZeroDivisionError:
        raise PredicateError(f"predicate {text!r}: division by zero") from None


def truth(node: ast.expr, results: Mapping[str, Any]) -> bool:
    """Evaluate a checked logical expression."""
    match node:
        case ast.BoolOp(op=op, values=parts):
            values = [truth(part, results) for part in parts]  # evaluate all: a missing key must never go unnoticed
            return all(values) if isinstance(op, ast.And) else any(values)
        case ast.UnaryOp(operand=part):
            return not truth(part, results)
        case ast.Compare(left=left, ops=ops, comparators=rights):
            numbers = [number(part, results) for part in (left, *rights)]
            return all(COMPARISONS[type(op)](a, b) for op, a, b in zip(ops, numbers, numbers[1:], strict=False))
    raise PredicateError(f"{ast.unparse(node)!r} is not allowed")


def number(node: ast.expr, results: Mapping[str, Any]) -> float:
    """Evaluate a checked numeric expression."""
    match node:
        case ast.Constant(value=constant) if type(constant) in (int, float):
            return float(constant)  # type: ignore[arg-type]
        case ast.Name(id=key):
            return look_up("value", key, results)
        case ast.Call(func=ast.Name(id=part), args=[ast.Name(id=key)]):
            return look_up(part, key, results)
        case ast.UnaryOp(operand=operand):
            return -number(operand, results)
        case ast.BinOp(left=left, op=op, right=right):
            return ARITHMETIC[type(op)](number(left, results), number(right, results))
    raise PredicateError(f"{ast.unparse(node)!r} is not allowed")


def look_up(part: str, key: str, results: Mapping[str, Any]) -> float:
    """`value`, `low` or `high` of a recorded result; raises PredicateError if it was not recorded."""
    entry = results.get(key)
    found = entry.get(part) if isinstance(entry, dict) else entry if part == "value" else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise PredicateError(f"{key!r} was not recorded" if entry is None else f"{key!r} has no {part}")
    return float(found)
