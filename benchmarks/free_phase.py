"""Seconds to 95 % of the gain of test-time training: paper A's method against a free phase, slice by slice, one core.

    python benchmarks/free_phase.py [--slices N]

Networks and test slices of notebook 20's anatomy shift (simulated data). Both methods take turns on each slice; the
time of scoring is taken off. Each method's gain is its own: from its first image to the one that it returns.
"""

import argparse
import time

import numpy as np
import torch

from mrilib.beyond.ttt_for_any_network.experiment import EVERY, GAIN, PHASES, TITLES
from mrilib.gap import mean_interval
from mrilib.models.reconstructor import Reconstructor
from mrilib.running.jobs import plan
from mrilib.sample import Sample
from mrilib.scoring import slice_ssim
from mrilib.store.project import find_notebook, root_here
from mrilib.train.networks import network
from mrilib.ttt import Settings, test_time_train


def seconds_to_gain(model: Reconstructor, sample: Sample, settings: Settings) -> tuple[float, float]:
    """Seconds until SSIM has 95 % of the gain, NaN without one; and seconds of an iteration."""
    start, scoring = time.perf_counter(), 0.0
    reached: list[tuple[float, float]] = []

    def score(image: torch.Tensor) -> float:
        nonlocal scoring
        before = time.perf_counter()
        value = slice_ssim(image, sample)[0]
        reached.append((before - start - scoring, value))
        scoring += time.perf_counter() - before
        return value

    given = (sample.masked_kspace, sample.mask, sample.sens_maps, settings)
    record = test_time_train(
        model, *given, score=score, score_at=range(0, settings.max_iterations, EVERY[settings.phase])
    )
    each = (time.perf_counter() - start - scoring) / len(record.history.train_error)
    first, last = reached[0][1], slice_ssim(record.image, sample)[0]
    enough = [seconds for seconds, value in reached if value >= first + GAIN * (last - first)]
    return (enough[0] + each if last > first and enough else float("nan")), each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slices", type=int, default=12)
    count = parser.parse_args().slices
    torch.set_num_threads(1)
    root = root_here()
    p = plan(find_notebook("20", root), root).record
    tests = p.experiment.test_slices(count)
    for loss in ("supervised", "joint"):
        model = network(p.experiment.spec(loss, "P"))
        times = np.array(
            [[seconds_to_gain(model, tests[n], p.settings[phase]) for phase in PHASES] for n in range(count)]
        )
        for column, phase in enumerate(PHASES):
            until, each = times[:, column].T
            print(f"{loss} on P, {TITLES[phase]}: {np.nanmedian(until):.2f} s, {1e3 * each.mean():.0f} ms an iteration")
        logs = np.log(times[:, 0, 0] / times[:, 1, 0])
        mean = mean_interval(logs[np.isfinite(logs)])
        value, low, high = np.exp([mean.value, mean.low, mean.high])
        print(f"{loss}: {value:.1f} [{low:.1f}, {high:.1f}] times sooner, {mean.n} slices", flush=True)


if __name__ == "__main__":
    main()
