"""Several training runs of the networks of a study, which differ only in their seeds, on the same test slices."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from mrilib.gap import Interval, mean_interval, performance_gap
from mrilib.paper_b.study import Study

SEEDS = (0, 1, 2, 3, 4)  # of initial weights, order and masks


@dataclass(frozen=True)
class Trainings:
    """Scores of all training runs, with the intervals of `gap.mean_interval` over training runs and slices.

    Args:
        studies: one for each seed, with the same arms and test sets.
    """

    studies: Sequence[Study]

    @classmethod
    def stored(cls, own: Study, others: Iterable[Study]) -> "Trainings":
        """A study, and those of other seeds of which nothing has to be trained."""
        return cls([own, *(one for one in others if not one.missing)])

    @property
    def missing(self) -> list[str]:
        """Networks of the first training run of which something is not stored yet."""
        return self.studies[0].missing

    def over(self, arm: str, tests: Mapping[str, object]) -> list[list[float]]:
        """SSIM of all slices of several test sets, (trainings, slices)."""
        return [one.over(arm, tests) for one in self.studies]

    def mean(self, arm: str, tests: Mapping[str, object]) -> Interval:
        """Mean SSIM over training runs and slices."""
        return mean_interval(self.over(arm, tests))

    def difference(self, arm: str, other: str, tests: Mapping[str, object]) -> Interval:
        """Mean SSIM of one network minus that of another, paired by training run and by slice."""
        return performance_gap(self.over(arm, tests), self.over(other, tests))

    def each(self, arm: str, other: str, tests: Mapping[str, object]) -> list[float]:
        """The difference in every training run; empty if there is only one."""
        found = [fmean(one.over(arm, tests)) - fmean(one.over(other, tests)) for one in self.studies]
        return found if found[1:] else []
