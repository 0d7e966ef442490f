"""Distribution-shift performance gap and the fraction of it that a method closes, with confidence intervals."""

from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
CONFIDENCE = 0.95
NO_INTERVAL = "[n = 1: no interval]"


@dataclass(frozen=True)
class Interval:
    """A mean over `n` test slices with its 95 % bootstrap interval, which is unbounded for a single slice."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} " + (f"[{self.low:.3f}, {self.high:.3f}]" if self.bounded else NO_INTERVAL)

    @property
    def bounded(self) -> bool:
        """Whether the interval is defined: a single slice does not say how much slices differ."""
        return isfinite(self.low) and isfinite(self.high)

    @property
    def excludes_zero(self) -> bool:
        """Whether the mean is distinguishable from 0."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class FractionClosed:
    """Fraction of the gap that is closed, or None and the reason why it is undefined."""

    interval: Interval | None
    reason: str = ""

    def __str__(self) -> str:
        if self.interval is None:
            return f"undefined: {self.reason}"
        return f"{self.interval.value:.1%} [{self.interval.low:.1%}, {self.interval.high:.1%}]"


def _scores(*columns: ArrayLike) -> NDArray[np.float64]:
    lists = [np.asarray(column, dtype=float) for column in columns]
    shapes = {scores.shape for scores in lists}
    if len(shapes) != 1 or lists[0].ndim != 1 or not len(lists[0]):
        raise ValueError(f"scores: expected equal lists of at least 1 slice each, got shapes {sorted(shapes)}")
    table = np.array(lists)
    if not np.isfinite(table).all():
        raise ValueError("scores: expected finite numbers, found NaN or Inf; a reconstruction has diverged")
    return table


def _resampled_means(table: NDArray[np.float64], seed: int) -> NDArray[np.float64]:
    """Mean of every row over the same resampled slices: (resamples, rows)."""
    slices = table.shape[1]
    picks = np.random.default_rng(seed).integers(slices, size=(RESAMPLES, slices))
    return table[:, picks].mean(-1).T


def percentile_interval(value: float, samples: NDArray[np.float64], n: int) -> Interval:
    """Percentile interval of a value at level CONFIDENCE, from its bootstrap samples; unbounded if n is 1."""
    if n == 1:
        return Interval(float(value), -inf, inf, n)
    tail = 100 * (1 - CONFIDENCE) / 2
    low, high = np.percentile(samples, [tail, 100 - tail])
    return Interval(float(value), float(low), float(high), n)


def bootstrap_mean(scores: ArrayLike, seed: int = 0) -> Interval:
    """Mean of one score per test slice with its percentile bootstrap interval.

    Args:
        scores: (n,) at least 1 finite number.
        seed: seed for the resampling.

    Raises:
        ValueError: no score, or one that is not finite.

    Reference: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, ch. 13.
    """
    table = _scores(scores)
    return percentile_interval(table.mean(), _resampled_means(table, seed)[:, 0], table.shape[1])


def performance_gap(trained_on_q: ArrayLike, trained_on_p: ArrayLike, seed: int = 0) -> Interval:
    """Gap = mean(score when trained on Q) − mean(score when trained on P), both tested on the same slices of Q.

    The interval is paired: every resample draws the same slices for both.

    Args:
        trained_on_q, trained_on_p: (n,) score per test slice, in the same order.

    Raises:
        ValueError: lists of different length, or scores that are not finite.

    Reference: Darestani, Liu, Heckel, ICML 2022, §1 and §5.
    """
    table = _scores(trained_on_q, trained_on_p)
    difference = table[:1] - table[1:]
    return percentile_interval(difference.mean(), _resampled_means(difference, seed)[:, 0], table.shape[1])


def fraction_closed(
    before_q: ArrayLike, before_p: ArrayLike, after_q: ArrayLike, after_p: ArrayLike, seed: int = 0
) -> FractionClosed:
    """Fraction closed = 1 − gap after / gap before; all four lists are resampled together.

    Args:
        before_q, before_p: (n,) scores on Q of the models trained on Q and on P, without the method.
        after_q, after_p: (n,) scores of the same models with the method.

    Returns:
        The fraction with its interval; undefined if the gap before is not distinguishable from 0.

    Reference: Darestani, Liu, Heckel, ICML 2022, Tables 1 and 2.
    """
    table = _scores(before_q, before_p, after_q, after_p)
    before = performance_gap(before_q, before_p, seed)
    if before.high < 0:
        return FractionClosed(None, f"the gap before, {before}, is below 0: there is none to close")
    if before.low <= 0:
        return FractionClosed(None, f"the gap before, {before}, is not distinguishable from a gap of 0")
    means = _resampled_means(table, seed)
    gap_before, gap_after = means[:, 0] - means[:, 1], means[:, 2] - means[:, 3]
    total = table.mean(-1)
    value = 1 - (total[2] - total[3]) / (total[0] - total[1])
    usable = gap_before > 0
    return FractionClosed(percentile_interval(value, 1 - gap_after[usable] / gap_before[usable], table.shape[1]))
