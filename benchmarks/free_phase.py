"""Seconds that test-time training takes to most of its gain: paper A's method against a free phase, on one core.

    python benchmarks/free_phase.py [--slices N] [--skip N]

Networks and test slices of notebook 20's anatomy shift (simulated data). In one process both methods take turns on each
slice, and which of them is first alternates. Seconds are the processor's, from the start of a run to the image that it
returns, without scoring; every image is scored. Most of the gain is 95 % of what TTT adds to the SSIM of its first
image: of what the method itself adds, and, for both methods, of what paper A's adds. Two times are measured for both
methods: until SSIM is *first* there, and until it is there *to stay*, i.e. from the image on after which no image up to
the one returned is below. Paper A's SSIM may touch the goal in the first iterations, fall far below and return late.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from measuring import RESULTS

from mrilib.beyond.ttt_for_any_network.experiment import GAIN, PHASES, TITLES, Phase
from mrilib.gap import Interval, mean_interval
from mrilib.models.reconstructor import Reconstructor
from mrilib.running.jobs import plan
from mrilib.sample import Sample
from mrilib.scoring import slice_ssim
from mrilib.store.project import find_notebook, root_here
from mrilib.store.records import write_json
from mrilib.train.networks import network
from mrilib.ttt import Settings, test_time_train


@dataclass(frozen=True)
class Run:
    """SSIM of each image up to the one returned, with the seconds after which it was there."""

    along: Sequence[tuple[float, float]]
    each: float  # seconds of an iteration

    @property
    def ssim(self) -> float:
        """SSIM of the image returned."""
        return self.along[-1][1]

    @property
    def goal(self) -> float:
        """SSIM with most of the gain; NaN without one."""
        first = self.along[0][1]
        return first + GAIN * (self.ssim - first) if self.ssim > first else float("nan")

    def first(self, goal: float) -> float:
        """Seconds until SSIM first reaches a goal; NaN if it never does."""
        return next((seconds for seconds, ssim in self.along if ssim >= goal), float("nan"))

    def to_stay(self, goal: float) -> float:
        """Seconds until SSIM reaches a goal and keeps it up to the image returned; NaN if that image is below it."""
        kept = float("nan")
        for seconds, ssim in reversed(self.along):
            if not ssim >= goal:
                break
            kept = seconds
        return kept


REACHED: dict[str, Callable[[Run, float], float]] = {"first": Run.first, "to stay": Run.to_stay}


def timed(model: Reconstructor, sample: Sample, settings: Settings) -> Run:
    """Test-time train a slice and score every image."""
    start, scoring = time.process_time(), 0.0
    along: list[tuple[float, float]] = []

    def score(image: torch.Tensor) -> float:
        nonlocal scoring
        before = time.process_time()
        ssim = slice_ssim(image, sample)[0]
        along.append((before - start - scoring, ssim))
        scoring += time.process_time() - before
        return ssim

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    record = test_time_train(model, *given, score=score, score_at=range(settings.max_iterations))
    each = (time.process_time() - start - scoring) / len(record.history.train_error)
    return Run(along[: record.chosen_at + 1], each)


def ratio(slow: Sequence[float], fast: Sequence[float]) -> Interval:
    """Geometric mean of the ratios, over the slices of which both are known."""
    logs = np.log(slow) - np.log(fast)
    mean = mean_interval(logs[np.isfinite(logs)])
    value, low, high = np.exp([mean.value, mean.low, mean.high])
    return Interval(float(value), float(low), float(high), mean.n)


def report(loss: str, runs: dict[Phase, list[Run]]) -> dict[str, dict[str, Interval]]:
    """Print seconds by method; returns how many times fewer a free phase takes, by the gain and how it is reached."""
    slow, fast = (runs[phase] for phase in PHASES)
    for phase, each in runs.items():
        before, after = (mean_interval(values) for values in zip(*((r.along[0][1], r.ssim) for r in each), strict=True))
        print(f"{loss} on P, {TITLES[phase]}: SSIM {before} to {after}, {1e3 * mean_each(each):.0f} ms an iteration")
    goals = {"of its own gain": [run.goal for run in fast], "of paper A's gain": [run.goal for run in slow]}
    found: dict[str, dict[str, Interval]] = {}
    for name, those in goals.items():
        for way, seconds in REACHED.items():
            own = [seconds(run, run.goal) for run in slow]
            ours = [seconds(run, goal) for run, goal in zip(fast, those, strict=True)]
            times = found.setdefault(name, {})[way] = ratio(own, ours)
            print(
                f"{loss} on P, 95 % {name}, {way}: {TITLES['network']} {np.nanmean(own):.2f} s, {TITLES['free']} "
                f"{np.nanmean(ours):.2f} s, {times.value:.1f} [{times.low:.1f}, {times.high:.1f}] times fewer, "
                f"{times.n} of {len(own)} slices",
                flush=True,
            )
    return found


def mean_each(runs: Sequence[Run]) -> float:
    """Mean seconds of an iteration."""
    return float(np.mean([run.each for run in runs]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=12)
    parser.add_argument("--skip", type=int, default=0, help="number of test slices to leave out first")
    given = parser.parse_args()
    numbers = range(given.skip, given.skip + given.slices)
    torch.set_num_threads(1)
    root = root_here()
    p = plan(find_notebook("20", root), root).record
    tests = p.experiment.test_slices(numbers.stop)
    found: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for loss in ("joint", "supervised"):
        model = network(p.experiment.spec(loss, "P"))
        for phase in PHASES:  # what a process does once is no method's time
            timed(model, tests[numbers.start], replace(p.settings[phase], max_iterations=2))
        runs: dict[Phase, list[Run]] = {phase: [] for phase in PHASES}
        for number in numbers:
            for phase in PHASES[:: 1 if number % 2 == 0 else -1]:
                runs[phase].append(timed(model, tests[number], p.settings[phase]))
        found[loss] = {
            gain: {way: asdict(times) for way, times in ways.items()} for gain, ways in report(loss, runs).items()
        }
    name = "free_phase" + f"_from_{given.skip}" * bool(given.skip)
    write_json(RESULTS / f"{name}.json", {"slices": given.slices, "times sooner to 95 %": found})


if __name__ == "__main__":
    main()
