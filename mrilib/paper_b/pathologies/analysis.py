"""Analysis of a study of lesions: small and large ones, and networks that saw only healthy heads or also lesions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mrilib.gap import Interval, mean_interval, performance_gap, ratio_of_means
from mrilib.paper_b.pathologies.experiment import MORE, SHARES, with_lesions, without_lesions
from mrilib.paper_b.robustness import Models, effective_robustness, fit_line
from mrilib.paper_b.study import Study

SMALL = 0.01  # share of the image; lesions above it are large (Lin, Heckel, ICML 2024, §5)
SIZES = ("small", "large")
HEALTHY_ARMS = (*(f"{words}P" for words in SHARES), MORE)
BOTH_ARMS = tuple(f"{words}P and Q" for words in SHARES)
ALIKE = 0.03  # SSIM; reconstructions of a box that differ by no more are considered alike


@dataclass(frozen=True)
class Lesion:
    """A lesion of a test slice, as reconstructed by one network."""

    test: str
    slice: int
    order: int  # index among the lesions of its slice
    area: float  # area of its box, as a share of the image
    ssim: float
    contrast: float
    target_contrast: float

    @property
    def size(self) -> str:
        """Size class, one of SIZES."""
        return SIZES[self.area > SMALL]


def lesions(study: Study, arm: str, size: str = "") -> list[Lesion]:
    """All lesions of the test slices, or those of one size, in the same order for every arm."""
    found: list[Lesion] = []
    for test in with_lesions(study):
        columns = [study.scores(arm, test, name) for name in ("slice", "area", "lesion", "contrast", "target_contrast")]
        seen: dict[int, int] = {}
        for index, *values in zip(*columns, strict=True):
            order = seen[int(index)] = seen.get(int(index), -1) + 1
            found.append(Lesion(test, int(index), order, *values))
    return [one for one in found if size in ("", one.size)]


def box_ssim(study: Study, arm: str, size: str) -> list[float]:
    """SSIM of the boxes of lesions of one size."""
    return [one.ssim for one in lesions(study, arm, size)]


def heads(study: Study, arm: str, size: str) -> list[tuple[str, int]]:
    """Slice of each lesion of one size: lesions of one slice are not independent."""
    return [(one.test, one.slice) for one in lesions(study, arm, size)]


def mean(study: Study, arm: str, size: str) -> Interval:
    """Mean SSIM of the boxes of one size, over lesions."""
    return mean_interval(box_ssim(study, arm, size), heads(study, arm, size))


def difference(study: Study, arm: str, other: str, size: str) -> Interval:
    """Mean SSIM of the boxes of one size, one network minus another, paired over lesions."""
    return performance_gap(box_ssim(study, arm, size), box_ssim(study, other, size), heads(study, arm, size))


def height(study: Study, size: str = "") -> Interval:
    """Height of the networks that saw lesions above the line of those that did not.

    The line is fitted to their SSIM on healthy slices and in the boxes of a size or, without a size, on whole slices
    with lesions; see `robustness.effective_robustness`.

    Reference: Lin, Heckel, ICML 2024, Figures 7 and 16.
    """
    return effective_robustness(models(study, HEALTHY_ARMS, size), models(study, BOTH_ARMS, size))


def healthy_line(study: Study, size: str = "") -> tuple[float, float]:
    """Slope and intercept of the line above which `height` is measured; see `robustness.fit_line`."""
    slope, intercept = fit_line(*np.transpose(models(study, HEALTHY_ARMS, size).points))
    return float(slope), float(intercept)


def models(study: Study, names: Sequence[str], size: str) -> Models:
    """Scores of networks on healthy slices and in the boxes of a size or, without a size, on slices with lesions."""
    inside = [study.over(arm, without_lesions(study)) for arm in names]
    outside = [box_ssim(study, arm, size) if size else study.over(arm, with_lesions(study)) for arm in names]
    return Models(np.array(inside), np.array(outside))


def contrast_kept(study: Study, arm: str, size: str, over: str = "") -> Interval:
    """Share of the lesions' contrast kept by reconstructions, Σ t r / Σ t²; with `over`, minus the share of arm `over`.

    t and r are the contrasts of a lesion in target and reconstruction, see `experiment.contrast`.

    Raises ValueError if the lesions have no contrast in the targets.
    """
    target = _contrasts(study, arm, size, "target_contrast")
    kept = _contrasts(study, arm, size, "contrast")
    if over:
        kept = kept - _contrasts(study, over, size, "contrast")
    found = ratio_of_means(target * kept, target**2, heads(study, arm, size))
    if found is None:
        raise ValueError(f"contrast of {size} lesions: the targets have none")
    return found


def _contrasts(study: Study, arm: str, size: str, name: str) -> NDArray[np.float64]:
    return np.array([getattr(one, name) for one in lesions(study, arm, size)])


@dataclass(frozen=True)
class Agreement:
    """Lesion-by-lesion agreement of two networks.

    Args:
        alike: share of the lesions whose SSIM differs by at most ALIKE.
        spread_low, spread_high: standard deviation of the difference for lesions whose mean SSIM is below its median,
            and for the others.
        better_low: share of the lower half in which the first network is better.
    """

    alike: Interval
    spread_low: float
    spread_high: float
    better_low: float


def agreement(study: Study, arm: str, other: str, size: str) -> Agreement:
    """Agreement of two networks on the lesions of one size (paper B, Figure 15)."""
    a, b = (np.array(box_ssim(study, name, size)) for name in (arm, other))
    low, by = a + b < np.median(a + b), a - b
    return Agreement(
        mean_interval((abs(by) <= ALIKE).astype(float), heads(study, arm, size)),
        float(by[low].std()),
        float(by[~low].std()),
        float((by[low] > 0).mean()),
    )


def on_slices_with(study: Study, arm: str, size: str) -> list[float]:
    """SSIM of whole test slices that contain a lesion of a size."""
    places = dict.fromkeys((one.test, one.slice) for one in lesions(study, arm, size))
    return [study.scores(arm, test)[index] for test, index in places]
