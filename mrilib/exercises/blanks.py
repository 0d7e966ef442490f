"""The blanks of an exercise, checked one by one; a wrong blank gets a hint at the next step, never the value."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

EMPTY = "Fill in the blanks above, from the top, and run this cell after each one."
RIGHT = "Right."
EXACT = 1e-6  # relative, for whole numbers
ROUNDED = 1e-2  # relative, for all others: two digits are enough


@dataclass(frozen=True)
class Blank:
    """One blank: the reader's answer, the right answer, and the step that leads to it.

    Attributes:
        name: name of the blank, as spelled in the cell.
        given: the reader's answer, of any type; None if the blank is still empty.
        right: the right answer: a number, several numbers in order, or letters in any order.
        step: what to do next, without the value.
        within: relative tolerance of numbers; by default, whole numbers must be exact and others correct to two digits.
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
    """Check two lists of scores of the same `things`, the number of pairs that the first wins, and their share."""
    won = [float(ours > theirs) for ours, theirs in zip(first.right, second.right, strict=True)]  # type: ignore[call-overload]
    pairs = f"`zip({first.name}, {second.name})` pairs the {things}; compare within each pair"
    share = f"`sum(wins)` counts the wins; out of how many {things}?"
    check(first, second, Blank("wins", wins, won, pairs), Blank("answer", answer, sum(won) / len(won), share, 1e-3))


def verdict(*blanks: Blank) -> str:
    """The text that `check` prints. The last blank is the answer; it counts even if earlier blanks are empty."""
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
    """What is wrong with a filled blank, or an empty string."""
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
    """One or several finite numbers from Python, NumPy or PyTorch as a vector; None for anything else."""
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
    """Letters of one or several texts, regardless of case, order and separators."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple | set | frozenset) or not all(isinstance(part, str) for part in parts):
        return set()
    return {letter for letter in "".join(parts).upper() if letter.isalpha()}
