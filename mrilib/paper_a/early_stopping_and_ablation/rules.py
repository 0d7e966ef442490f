"""Stopping rules of test-time training, applied in hindsight to histories that ran past the stopping point."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from mrilib.gap import mean_interval, performance_gap
from mrilib.store.tables import Row
from mrilib.train.adaptation import Adapted
from mrilib.ttt import History, rises

Rule = Literal["rises", "rises_last", "best_so_far", "fixed", "oracle"]
WORDS: dict[Rule, str] = {
    "rises": "error rises, best image",
    "rises_last": "error rises, last image",
    "best_so_far": "no new best for w iterations",
    "fixed": "fixed",
    "oracle": "best image (oracle)",
}


def in_words(rule: Rule, window: int) -> str:
    """A rule with its window in words: `rises`, 30 → "error rises, best image (window 30)"."""
    if rule == "oracle":
        return WORDS[rule]
    if rule == "best_so_far":
        return WORDS[rule].replace("w iterations", f"{window} iterations")
    return f"{WORDS[rule]}, iteration {window}" if rule == "fixed" else f"{WORDS[rule]} (window {window})"


def stopping_point(history: History, rule: Rule, window: int) -> int:
    """Find the iteration whose image a rule returns, in hindsight from a history that ran past it.

    Args:
        history: history with a self-validation error at every iteration; `oracle` also needs scores.
        rule: "rises" stops as defined by `ttt.rises` and returns the image with the lowest self-validation error so
            far; "rises_last" returns the last image instead, as the published code does; "best_so_far" stops after
            `window` iterations without a new lowest error and returns the image with the lowest error; "fixed" is
            iteration `window`; "oracle" is the iteration with the highest true score, which needs the ground truth.
        window: window of the rule, in iterations.

    Raises:
        ValueError: an unknown rule, an empty history, or a window below 1.

    Reference: Darestani, Liu, Heckel, ICML 2022, §4 and App. C; its published code for `rises_last`.
    """
    errors = history.validation_error
    if rule not in get_args(Rule):
        raise ValueError(f"rule {rule!r}: expected one of {', '.join(get_args(Rule))}")
    if not errors or window < 1 or (rule == "oracle" and not history.score):
        raise ValueError(f"rule {rule!r}: expected a history with errors (oracle: scores) and a window of at least 1")
    if rule == "oracle":
        return max(history.score, key=history.score.__getitem__)
    if rule == "fixed":
        return min(window, len(errors) - 1)
    halt = halts_at(errors, rule, window)
    stop = len(errors) - 1 if halt is None else halt
    return stop if rule == "rises_last" else int(np.argmin(errors[: stop + 1]))


def halts_at(errors: list[float], rule: Rule, window: int) -> int | None:
    """Iteration at which a rule that monitors the errors ends the run, or None if it never does."""
    return next((n for n in range(len(errors)) if _stops(errors[: n + 1], rule, window)), None)


def _stops(errors: list[float], rule: Rule, window: int) -> bool:
    if rule == "best_so_far":
        return len(errors) - 1 - int(np.argmin(errors)) >= window
    return rises(errors, window)


def scores_at_stop(histories: Sequence[History], rule: Rule, window: int) -> list[float]:
    """True score of each slice at the rule's stopping point, where a score must have been recorded."""
    return [history.score[stopping_point(history, rule, window)] for history in histories]


def rule_row(histories: Sequence[History], rule: Rule, window: int) -> dict[str, Any]:
    """Table row: scores at the rule's stopping points, their mean, loss relative to the oracle, median iteration."""
    scores = scores_at_stop(histories, rule, window)
    stops = [stopping_point(history, rule, window) for history in histories]
    loss = performance_gap(scores_at_stop(histories, "oracle", window), scores)
    row = {"rule": rule, "window": window, "scores": scores, "score": mean_interval(scores)}
    return row | {"loss": loss, "iteration": median(stops)}


def best_window(histories: Sequence[History], rule: Rule, windows: Sequence[int]) -> int:
    """Window with the highest mean score at the stopping points; meant for validation slices, never for test slices."""
    return max(windows, key=lambda window: np.mean(scores_at_stop(histories, rule, window)))


def rank_correlation(a: ArrayLike, b: ArrayLike) -> float:
    """Spearman's ρ = 1 − 6 Σ d² / (n (n² − 1)), where d is a difference in rank; ties are ranked in their order."""
    first, second = (np.argsort(np.argsort(values, kind="stable")) for values in (a, b))
    n = len(first)
    return 1 - 6 * float(((first - second) ** 2).sum()) / (n * (n**2 - 1))


def validation_against_score(history: History) -> float:
    """Rank correlation of self-validation error and true score over the scored iterations; −1 is ideal."""
    return rank_correlation([history.validation_error[n] for n in history.score], list(history.score.values()))


def stopping_row(adapted: Sequence[Adapted]) -> Row:
    """Self-validation error and true SSIM at every iteration of every slice, for evaluating stopping rules."""
    histories = [one.record.history for one in adapted]
    return {
        "validation_error": [rounded(history.validation_error, 5) for history in histories],
        "ssim": [rounded(history.score[n] for n in sorted(history.score)) for history in histories],
    }


def histories_of(row: Row) -> list[History]:
    """Restore the histories behind a `stopping_row`, without the training error."""
    pairs = zip(row["validation_error"], row["ssim"], strict=True)
    return [History([], errors, dict(enumerate(ssim))) for errors, ssim in pairs]


def rounded(values: Iterable[float], digits: int = 4) -> list[float]:
    """Round values to the precision of stored tables."""
    return [round(float(value), digits) for value in values]
