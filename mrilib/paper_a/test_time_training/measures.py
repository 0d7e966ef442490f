"""The main comparison in five measures over all stored training runs, and the measures in which its result holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair
import numpy as np
import torch

from mrilib.data.sources import Source
from mrilib.figures import sentences
from mrilib.figures.plot import Table, table
from mrilib.figures.rows import record_fraction, record_interval
from mrilib.gap import Interval, performance_gap
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a import trainings
from mrilib.paper_a.experiment import Experiment
from mrilib.paper_a.shift_result import STORY, ShiftResult
from mrilib.sample import Sample
from mrilib.train.adaptation import Adapted
from mrilib.train.quality import QUALITY
from mrilib.ttt import Settings

TITLES = dict(zip(QUALITY, ("SSIM", "SSIM, unmatched", "SSIM, foreground", "PSNR (dB)", "NMSE"), strict=True))
DIGITS = {"psnr": 1}  # three for the others
LOWER = ("nmse",)  # where less is better
BETTER, OF = "joint on P + TTT", "supervised on P"
COLUMNS = {
    "measure": "",
    OF: OF,
    BETTER: BETTER,
    "supervised on Q": "supervised on Q",
    "gain": f"{BETTER} minus {OF}",
    "before": "gap before",
    "reached": "reached",
}


@dataclass(frozen=True)
class Measured:
    """Every scheme in five measures under one shift.

    Args:
        model, shift, source: as in `ShiftResult`.
        quality: scheme → measure → (slices,) or (trainings, slices).
        origin: where the numbers come from, for captions.
    """

    model: str
    shift: str
    source: Source
    quality: trainings.Quality
    origin: str

    def by(self, measure: str) -> ShiftResult:
        """The comparison by one measure; the sign is reversed if smaller values are better."""
        sign = -1 if measure in LOWER else 1
        scores = {name: (sign * np.array(found[measure])).tolist() for name, found in self.quality.items()}
        return ShiftResult(self.model, self.shift, self.source, scores)

    def gain(self, measure: str) -> Interval:
        """Lead of joint training on P with TTT over supervised training on P; above 0 is better."""
        scores = self.by(measure).scores
        return performance_gap(scores[BETTER], scores[OF])

    def table(self) -> Table:
        """Table with one row per measure: three schemes, the gain of TTT, the gap, and the fraction reached."""
        return table([self._row(one) for one in QUALITY], COLUMNS, caption=f"{self.title}; {self.origin}")

    def _row(self, measure: str) -> dict[str, str]:
        result, digits = self.by(measure), DIGITS.get(measure, 3)
        sign = -1 if measure in LOWER else 1
        means = {name: f"{sign * result.means[name].value:.{digits}f}" for name in (OF, BETTER, "supervised on Q")}
        found = {"gain": self.gain(measure), "before": result.before}
        reached = result.reached.interval
        fraction = "undefined" if reached is None else f"{reached.value:.0%} [{reached.low:.0%}, {reached.high:.0%}]"
        turned = " (gain and gap: sign reversed)" if measure in LOWER else ""
        written = {name: sentences.measured(one, digits) for name, one in found.items()}
        return {"measure": f"{TITLES[measure]}{turned}", **means, **written, "reached": fraction}

    @property
    def title(self) -> str:
        """Shift, kind of data and sample in words."""
        result = self.by("ssim")
        return f"{result.label}, {result.sample}"

    def sentence(self) -> str:
        """The measures in which joint training on P with TTT is better than supervised training, worse, or neither."""
        found = {measure: self.gain(measure) for measure in QUALITY}
        sides = {
            "better in": [one for one in QUALITY if found[one].low > 0],
            "worse in": [one for one in QUALITY if found[one].high < 0],
            "neither better nor worse in": [one for one in QUALITY if not found[one].excludes_zero],
        }
        told = [f"{side} {self._listed(found, names)}" for side, names in sides.items() if names]
        return f"{self.title}: compared with {OF}, {BETTER} is {'; '.join(told)}."

    def _listed(self, found: Mapping[str, Interval], names: Sequence[str]) -> str:
        return ", ".join(f"*{TITLES[one]}* ({sentences.measured(found[one], DIGITS.get(one, 3))})" for one in names)

    def chart(self) -> altair.LayerChart:
        """Chart of the SSIM of the four networks that define both gaps, with each training run as a small point."""
        return self.by("ssim").chart(STORY)

    def record(self) -> None:
        """Write the gain and the fraction reached to `results.json`, by measure."""
        for measure in QUALITY:
            record_interval(f"gain_of_joint_ttt_{measure}", self.gain(measure))
            record_fraction(f"fraction_reached_{measure}", self.by(measure).reached)


def measured(
    experiment: Experiment,
    settings: Settings,
    networks: Mapping[str, Reconstructor],
    adapted: Mapping[str, Sequence[Adapted]],
    samples: Sequence[Sample],
    device: torch.device | str = "cpu",
) -> Measured:
    """The stored training runs of this experiment, or this run's own slices if fewer than two are stored."""
    found = trainings.of_experiment(experiment, settings)
    of = found.quality if found else trainings.quality(networks, adapted, samples, device)
    origin = found.origin if found else "this run"
    return Measured(experiment.architecture["name"], experiment.shift, experiment.source, of, origin)
