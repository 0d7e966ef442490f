"""The blanks of an exercise, checked one by one: a fault gets the next step of the solution, never the value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EMPTY = "Fill in the blanks above, from the top, and run this cell after each one."
RIGHT = "Right."
EXACT = 1e-6  # relative, for whole numbers
ROUNDED = 1e-2  # relative, for all others: two digits are enough


@dataclass(frozen=True)
class Blank:
    """One blank: what the reader gave, what is right, and the step that leads there.

    Attributes:
        name: as the cell spells it.
        given: anything; None if it is still empty.
        right: a number, several numbers in order, or letters in any order.
        step: what to do next, without the value.
        within: relative tolerance of numbers; by default whole numbers are exact and others need two digits.
    """

    name: str
    given: object
    right: object
    step: str
    within: float | None = None


def check(*blanks: Blank) -> None:
    """Print what to do next: the first wrong blank and its step, the first empty one, or that the last one is right."""
    print(verdict(*blanks))


def check_wins(first: Blank, second: Blank, wins: object, answer: object, things: str) -> None:
    """Check two lists of scores of the same `things`, in how many pairs the first is higher, and on what share."""
    won = [float(ours > theirs) for ours, theirs in zip(first.right, second.right, strict=True)]  # type: ignore[call-overload]
    pairs = f"`zip({first.name}, {second.name})` pairs the {things}; compare within each pair"
    share = f"`sum(wins)` counts the wins; out of how many {things}?"
    check(first, second, Blank("wins", wins, won, pairs), Blank("answer", answer, sum(won) / len(won), share, 1e-3))


def verdict(*blanks: Blank) -> str:
    """What `check` prints. The last blank is the answer; it counts as right even if those before it are left empty."""
    given = [blank for blank in blanks if blank.given is not None]
    if not given:
        return EMPTY
    answer = blanks[-1]
    for blank in given:
        if fault := said_of(blank):
            whose = "The answer is fine, but" if blank is not answer and is_right(answer) else "Not yet:"
            return f"{whose} `{blank.name}` {fault}"
    if answer.given is not None:
        return RIGHT
    following = next(blank for blank in blanks[blanks.index(given[-1]) + 1 :])
    return f"So far so good. Next: `{following.name}`. Hint: {following.step}"


def is_right(blank: Blank) -> bool:
    return blank.given is not None and not said_of(blank)


def said_of(blank: Blank) -> str:
    """What is wrong with a filled blank, or nothing."""
    if isinstance(blank.right, str):
        return "" if letters(blank.given) == set(blank.right) else f"is not right: {blank.step}"
    right, given = numbers(blank.right), numbers(blank.given)
    assert right is not None
    if given is None or given.size != right.size:
        return f"has to be {'one number' if right.size == 1 else f'{right.size} numbers'}: {blank.step}"
    if close(given, right, blank.within):
        return ""
    if close(given, 100 * right, blank.within):
        return "is in percent; give it as a fraction"
    return f"is not the right number: {blank.step}"


def close(given: np.ndarray, right: np.ndarray, within: float | None) -> bool:
    """Whether all numbers agree."""
    if within is None:
        within = EXACT if np.all(right == np.round(right.real)) else ROUNDED
    return bool(np.allclose(given, right, rtol=within, atol=1e-9))


def numbers(value: object) -> np.ndarray | None:
    """Finite numbers as a vector: of Python, NumPy or PyTorch, one or several; None for anything else."""
    try:
        detached: Callable[[], object] | None = getattr(value, "detach", None)
        plain = value if detached is None else detached().cpu().numpy()  # type: ignore[attr-defined]
        found = np.asarray(plain)
        if found.dtype.kind in "USMm":  # "4" is no number, and neither is a date
            return None
        vector = found.astype(complex).ravel()
    except (TypeError, ValueError, RuntimeError, AttributeError, OverflowError):
        return None
    return vector if np.all(np.isfinite(vector)) else None


def letters(value: object) -> set[str]:
    """Letters of a text, or of several, without regard to case, order or what stands between."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset) or not all(isinstance(part, str) for part in parts):
        return set()
    return {letter for letter in "".join(parts).upper() if letter.isalpha()}
