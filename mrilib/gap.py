"""Distribution-shift performance gap and the fraction of it that a method closes, with confidence intervals.

Scores are (slices,) for one training run or (trainings, slices) for several; two lists are paired by training run and
by slice. Intervals reflect variation between training runs and between slices (or patients with several slices each).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import inf, isfinite

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

RESAMPLES = 10_000
CONFIDENCE = 0.95
STRETCH = 0.85  # largest product of skewness / √n and t that is corrected
NO_INTERVAL = "[n = 1: no interval]"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean over `n` test slices (or patients) and `trainings` training runs, with its 95 % interval.

    With one training run per network, the interval reflects variation between test slices, not between training runs.
    A single slice does not show how much slices differ, so its interval is unbounded.
    """

    value: float
    low: float
    high: float
    n: int
    trainings: int = 1

    def __str__(self) -> str:
        value, low, high = (_with_true_minus(f"{one:.3f}") for one in (self.value, self.low, self.high))
        return f"{value} " + (f"[{low}, {high}]" if self.bounded else NO_INTERVAL)

    @property
    def bounded(self) -> bool:
        """Whether there is an interval."""
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
        ends = (self.interval.value, self.interval.low, self.interval.high)
        value, low, high = (_with_true_minus(f"{one:.1%}") for one in ends)
        return f"{value} [{low}, {high}]"


def _with_true_minus(text: str) -> str:
    """A number as text, with U+2212 as the minus sign, and without a sign if it rounds to zero."""
    return text.replace("-", "−") if text.strip("-0.%") else text.removeprefix("-")


def at_least(found: Interval, margin: float) -> bool | None:
    """Test against a margin: true if the whole interval is at or above it, false if all of it is below, else None.

    For a difference between two methods and a negative margin, this is the non-inferiority test.

    Reference: ICH E9, Statistical Principles for Clinical Trials, 1998, §3.3.2.
    """
    if found.low >= margin:
        return True
    return False if found.high < margin else None


def mean_interval(scores: ArrayLike, patients: Sequence[Hashable] | None = None) -> Interval:
    """Mean of the scores with its t interval over training runs and slices, corrected for skewness.

    Training runs and slices are crossed random effects. The variance of the mean is (MS_t + MS_s − MS_ts) / (T S), with
    Satterthwaite's degrees of freedom. It is at least the variance over slices, which is used for one training run.
    Skewness over slices is removed by Hall's cubic transformation. If a patient has several slices, their sum is used.

    Args:
        scores: (slices,) or (trainings, slices) finite numbers.
        patients: the patient of each slice; if None, each slice is a patient of its own.

    Raises:
        ValueError: no slice, another shape, or a score that is not finite.

    Reference: Satterthwaite, Biometrics Bulletin 2, 1946; Hall, J. R. Stat. Soc. B 54, 1992.
    """
    return _interval(_by_patient(_scores(scores)[0], patients))


def performance_gap(
    trained_on_q: ArrayLike, trained_on_p: ArrayLike, patients: Sequence[Hashable] | None = None
) -> Interval:
    """Gap = mean(score when trained on Q) − mean(score when trained on P), both tested on the same slices of Q.

    The interval is that of the mean of the paired differences.

    Args:
        trained_on_q, trained_on_p: (slices,) or (trainings, slices) scores, in the same order.
        patients: see `mean_interval`.

    Raises:
        ValueError: different shapes, or scores that are not finite.

    Reference: Darestani, Liu, Heckel, ICML 2022, §1 and §5.
    """
    q, p = _scores(trained_on_q, trained_on_p)
    return _interval(_by_patient(q - p, patients))


def ratio_of_means(
    numerator: ArrayLike, denominator: ArrayLike, patients: Sequence[Hashable] | None = None
) -> Interval | None:
    """Ratio r = mean(numerator) / mean(denominator) with Fieller's interval, or None if the denominator may be ≤ 0.

    The interval contains every r for which the mean of numerator − r · denominator is not distinguishable from 0.

    Args:
        numerator, denominator: paired, (slices,) or (trainings, slices).
        patients: see `mean_interval`.

    Raises:
        ValueError: as in `performance_gap`.

    Reference: Fieller, J. R. Stat. Soc. B 16, 1954.
    """
    above, below = (_by_patient(table, patients) for table in _scores(numerator, denominator))
    whole = _interval(below)
    if whole.low <= 0:
        return None
    ratio = above.mean() / below.mean()

    def excluded(r: float) -> bool:
        return _interval(above - r * below).excludes_zero

    low, high = (_crossing(excluded, ratio, direction) for direction in (-1, 1))
    return Interval(float(ratio), low, high, whole.n, whole.trainings)


def fraction_closed(
    before_q: ArrayLike,
    before_p: ArrayLike,
    after_q: ArrayLike,
    after_p: ArrayLike,
    patients: Sequence[Hashable] | None = None,
) -> FractionClosed:
    """Fraction closed = 1 − gap after / gap before, with Fieller's interval.

    Args:
        before_q, before_p: scores on Q of the models trained on Q and on P, without the method.
        after_q, after_p: scores of the same models with the method, on the same slices.
        patients: see `mean_interval`.

    Returns:
        The fraction with its interval; undefined if the gap before is not distinguishable from 0.

    Reference: Darestani, Liu, Heckel, ICML 2022, Tables 1 and 2.
    """
    before = performance_gap(before_q, before_p, patients)
    if before.high < 0:
        return FractionClosed(None, f"the gap before, {before}, is below 0: there is no gap to close")
    tables = _scores(before_q, before_p, after_q, after_p)
    left = ratio_of_means(tables[2] - tables[3], tables[0] - tables[1], patients)
    if left is None:
        return FractionClosed(None, f"the gap before, {before}, is not distinguishable from a gap of 0")
    return FractionClosed(Interval(1 - left.value, 1 - left.high, 1 - left.low, left.n, left.trainings))


def correlation(x: ArrayLike, y: ArrayLike) -> Interval:
    """Pearson's r with Fisher's interval, tanh(artanh r ± z / √(n − 3)); `n` counts the pairs, such as training sets.

    Args:
        x, y: (n,) at least 4 pairs.

    Raises:
        ValueError: other shapes, fewer pairs, numbers that are not finite, or a list without spread.

    Reference: Fisher, Metron 1, 1921.
    """
    one, other = (np.asarray(values, float) for values in (x, y))
    if one.shape != other.shape or one.ndim != 1 or len(one) < 4:
        raise ValueError(f"x and y: expected equal lists of at least 4 pairs, got {one.shape} and {other.shape}")
    one, other = one - one.mean(), other - other.mean()
    power = (one**2).sum() * (other**2).sum()
    if not power > 0:
        raise ValueError("x and y: all numbers of a list are equal, so no correlation is defined")
    r = float(np.clip((one * other).sum() / np.sqrt(power), -1, 1))
    if abs(r) == 1:
        return Interval(r, r, r, len(one))
    half = -float(stdtrit(np.inf, (1 - CONFIDENCE) / 2)) / np.sqrt(len(one) - 3)
    low, high = np.tanh([np.arctanh(r) - half, np.arctanh(r) + half])
    return Interval(r, float(low), float(high), len(one))


def bootstrap_interval(value: float, samples: ArrayLike, n: int) -> Interval:
    """Interval value ± t s √(n / (n − 1)) from bootstrap samples, with deviation s, of a statistic of `n` slices.

    For the mean, this is Student's interval; percentiles of few slices would cover less than stated. One slice has
    none.

    Reference: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, ch. 12.
    """
    if n == 1:
        return Interval(float(value), -inf, inf, n)
    half = _t(n - 1) * float(np.std(np.asarray(samples, float))) * np.sqrt(n / (n - 1))
    return Interval(float(value), float(value - half), float(value + half), n)


def _scores(*columns: ArrayLike) -> list[Array]:
    """Score tables of equal shape, (trainings, slices)."""
    tables = [np.asarray(column, dtype=float) for column in columns]
    shapes = {table.shape for table in tables}
    if len(shapes) != 1 or tables[0].ndim not in (1, 2) or not tables[0].size:
        raise ValueError(
            "scores: expected equal lists of at least 1 slice each, (slices) or (trainings, slices), "
            f"got shapes {sorted(shapes)}"
        )
    if not all(np.isfinite(table).all() for table in tables):
        raise ValueError("scores: expected finite numbers, found NaN or Inf; a reconstruction has diverged")
    return [np.atleast_2d(table) for table in tables]


def _by_patient(table: Array, patients: Sequence[Hashable] | None) -> Array:
    """One column per patient, with the mean of the table: mean + deviations summed over the patient · P / slices."""
    if patients is None:
        return table
    if len(patients) != table.shape[1]:
        raise ValueError(f"patients: expected one for each of {table.shape[1]} slices, got {len(patients)}")
    names = list(dict.fromkeys(patients))
    belongs = np.array([[patient == name for name in names] for patient in patients], float)
    mean = table.mean()
    return mean + (table - mean) @ belongs * len(names) / table.shape[1]


def _interval(table: Array) -> Interval:
    mean, (trainings, slices) = float(table.mean()), table.shape
    if slices == 1:
        return Interval(mean, -inf, inf, slices, trainings)
    variance, freedom = _variance(table)
    error = float(np.sqrt(variance))
    if error <= 1e-15 * max(1.0, abs(mean)):
        return Interval(mean, mean, mean, slices, trainings)
    columns = table.mean(0) - mean
    third = (columns**3).mean() * (slices / (slices - 1)) ** 1.5 / slices**2
    low, high = (mean - error * _unskewed(sign * _t(freedom), third / error**3) for sign in (1, -1))
    return Interval(mean, min(low, mean), max(high, mean), slices, trainings)


def _variance(table: Array) -> tuple[float, float]:
    """Variance of the mean of (trainings, slices) and its degrees of freedom."""
    trainings, slices = table.shape
    columns, rows, mean = table.mean(0), table.mean(1), table.mean()
    of_slices = trainings * float(columns.var(ddof=1))
    if trainings == 1:
        return of_slices / slices, slices - 1
    of_trainings = slices * float(rows.var(ddof=1))
    both = (trainings - 1) * (slices - 1)
    rest = float(((table - columns - rows[:, None] + mean) ** 2).sum()) / both
    total = of_trainings + of_slices - rest
    if total <= of_slices:
        return of_slices / (trainings * slices), slices - 1
    freedom = of_trainings**2 / (trainings - 1) + of_slices**2 / (slices - 1) + rest**2 / both
    return total / (trainings * slices), total**2 / freedom


def _t(freedom: float) -> float:
    """Quantile of Student's t at level CONFIDENCE, two-sided."""
    return float(stdtrit(max(freedom, 1.0), (1 + CONFIDENCE) / 2))


def _unskewed(t: float, a: float) -> float:
    """Inverse of Hall's g(t) = t + a t²/3 + a² t³/27 + a/6, with a = skewness / √n.

    |a| is limited to 0.85 / |t|; above that, one outlying slice could make the longer side several times Student's.
    """
    a = float(np.clip(a, -STRETCH / abs(t), STRETCH / abs(t)))
    return t if abs(a) < 1e-9 else float(3 / a * (np.cbrt(1 + a * (t - a / 6)) - 1))


def _crossing(excluded: Callable[[float], bool], start: float, direction: int) -> float:
    """Nearest number on one side of `start` beyond which `excluded` holds, to eight digits."""
    step = 1e-9 * max(1.0, abs(start))
    while not excluded(start + direction * step):
        step *= 2
    inside, outside = step / 2, step
    while outside - inside > 1e-9 * outside:
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if excluded(start + direction * middle) else (middle, outside)
    return start + direction * outside
