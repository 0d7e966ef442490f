"""Effective robustness: height of models above the line followed by models trained on one distribution."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrilib.gap import RESAMPLES, Interval, bootstrap_interval


@dataclass(frozen=True)
class Models:
    """Scores of models trained on the same data, with different networks, sizes or lengths of training.

    Args:
        inside, outside: (models, slices) scores on in-distribution and on out-of-distribution test slices; each row
            is one model in both.

    Raises:
        ValueError: wrong shapes, different numbers of models, no slice, or non-finite scores.
    """

    inside: NDArray[np.float64]
    outside: NDArray[np.float64]

    def __post_init__(self) -> None:
        for name in ("inside", "outside"):
            object.__setattr__(self, name, _scores(getattr(self, name), name))
        if len(self.inside) != len(self.outside):
            raise ValueError(f"inside has {len(self.inside)} models and outside {len(self.outside)}; a row is a model")

    @property
    def points(self) -> list[tuple[float, float]]:
        """(mean score inside, mean score outside) of each model."""
        return list(zip(self.inside.mean(1).tolist(), self.outside.mean(1).tolist(), strict=True))

    def _resampled(self, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Resampled means, (resamples, models); all models use the same drawn slices."""
        inside, outside = (_drawn_means(scores, generator) for scores in (self.inside, self.outside))
        return inside, outside


def _scores(values: ArrayLike, name: str) -> NDArray[np.float64]:
    table = np.asarray(values, dtype=float)
    if table.ndim != 2 or not len(table) or not table.shape[1]:
        raise ValueError(f"{name}: expected (models, slices) with at least 1 slice, got shape {table.shape}")
    if not np.isfinite(table).all():
        raise ValueError(f"{name}: expected finite scores, found NaN or Inf; a reconstruction has diverged")
    return table


def _drawn_means(scores: NDArray[np.float64], generator: np.random.Generator) -> NDArray[np.float64]:
    slices = scores.shape[1]
    weights = generator.multinomial(slices, np.full(slices, 1 / slices), size=RESAMPLES) / slices
    return weights @ scores.T


def fit_line(inside: ArrayLike, outside: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slope and intercept of the least-squares line through the models' points, along the last axis.

    Args:
        inside, outside: (..., models) mean scores.

    Raises:
        ValueError: all models score the same inside, so that no line is defined.
    """
    x, y = np.asarray(inside, float), np.asarray(outside, float)
    spread = x - x.mean(-1, keepdims=True)
    power = (spread**2).sum(-1)
    if (power <= 0).any():
        raise ValueError("inside: a line needs models that score differently; train to several lengths or sizes")
    slope = (spread * y).sum(-1) / power
    return slope, y.mean(-1) - slope * x.mean(-1)


def effective_robustness(baseline: Models, diverse: Models, seed: int = 0) -> Interval:
    """Mean height of `diverse` models above the baseline's line, mean_i(y_i − (slope · x_i + intercept)).

    The interval is over test slices, with the same draw for all models of one list; it does not cover retraining. Its
    `n` is the smaller of the two numbers of slices.

    Args:
        baseline: models trained on one distribution, which define the line.
        diverse: models trained on more; both lists must have been tested on the same slices.
        seed: seed of the resampling.

    Raises:
        ValueError: lists tested on different numbers of slices, or a baseline that defines no line.

    Reference: Taori et al., NeurIPS 2020; Lin, Heckel, ICML 2024, §4.
    """
    slices = {(models.inside.shape[1], models.outside.shape[1]) for models in (baseline, diverse)}
    if len(slices) != 1:
        raise ValueError(f"slices (inside, outside) must be the same for both lists, got {sorted(slices)}")

    def height(base: Sequence[NDArray[np.float64]], above: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
        slope, intercept = fit_line(*base)
        return (above[1] - slope[..., None] * above[0] - intercept[..., None]).mean(-1)

    value = height(*((models.inside.mean(1), models.outside.mean(1)) for models in (baseline, diverse)))
    drawn = (models._resampled(np.random.default_rng(seed)) for models in (baseline, diverse))
    return bootstrap_interval(float(value), height(*drawn), min(slices.pop()))
