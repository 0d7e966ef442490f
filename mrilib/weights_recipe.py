"""Train again every network that the package ships, from the parameters of notebook 04 and nothing else."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from mrilib.checkpoints import read_card
from mrilib.data.catalogue import SHIFTS
from mrilib.experiment import Experiment
from mrilib.networks import NetworkSpec, cache_path, dataset, train

Group = tuple[NetworkSpec, ...]
MAX_THREADS = 4  # more than this gain nothing on networks of this size


def experiments(parameters: Mapping[str, Any], shifts: Sequence[str] = tuple(SHIFTS)) -> list[Experiment]:
    """The experiment of each shift with a notebook's parameters."""
    return [Experiment.from_parameters({**parameters, "shift": shift}) for shift in shifts]


def groups(parameters: Mapping[str, Any], shifts: Sequence[str] = tuple(SHIFTS)) -> list[Group]:
    """Networks to train, each once, grouped by the data they share."""
    specs = {spec.digest: spec for e in experiments(parameters, shifts) for spec in e.specs().values()}
    shared: dict[tuple[str, float], list[NetworkSpec]] = {}
    for spec in specs.values():
        shared.setdefault((spec.distribution, spec.acceleration), []).append(spec)
    return [tuple(group) for group in shared.values()]


def _train_group(group: Group, folder: Path | None, threads: int, device: str) -> list[tuple[str, float, float]]:
    torch.set_num_threads(threads)
    first = group[0]
    slices = dataset(first.distribution, "train", first.train_slices, first.acceleration, first.source)
    done = []
    for spec in group:
        path = cache_path(spec) if folder is None else folder / f"{spec.name}.safetensors"
        start = time.perf_counter()
        if not _finished(path, spec):
            train(spec, path, half=folder is not None, device=device, slices=slices)
        done.append((spec.name, time.perf_counter() - start, read_card(path)["validation_ssim"]))
    return done


def _finished(path: Path, spec: NetworkSpec) -> bool:
    card = path.with_suffix(".json")
    return path.exists() and card.exists() and json.loads(card.read_text()).get("digest") == spec.digest


def train_all(
    parameters: Mapping[str, Any],
    folder: Path | None,
    jobs: int,
    report: Callable[[str, float, float], None],
    shifts: Sequence[str] = tuple(SHIFTS),
    device: str = "cpu",
) -> None:
    """Train what is not trained yet; run again after a kill, it goes on from the checkpoints.

    Args:
        parameters: of notebook 04 with a profile.
        folder: where weights go, in half precision; None keeps them in the cache in full precision.
        jobs: trainings at a time.
        report: called as report(name, seconds, validation SSIM) after each network.
        shifts: which of paper A's shifts.
        device: to train on.
    """
    threads = max(1, min(MAX_THREADS, (os.cpu_count() or 1) // jobs))
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_train_group, group, folder, threads, device) for group in groups(parameters, shifts)]
        for future in waiting:
            for name, seconds, score in future.result():
                report(name, seconds, score)
