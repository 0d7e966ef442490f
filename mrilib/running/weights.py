"""Retrain the networks that the package ships, or those that a notebook needs, each once."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch

from mrilib.models.build import sizes
from mrilib.paper_b.protocol import UnionSpec
from mrilib.store.processes import in_processes
from mrilib.store.project import UserError
from mrilib.train.checkpoints import read_card
from mrilib.train.distributed import workers
from mrilib.train.networks import SHIPPED, NetworkSpec, cache_path, is_trained, train
from mrilib.train.recipe import Recipe

Group = tuple[NetworkSpec, ...]
MAX_THREADS = 4  # more threads gain nothing on networks of this size


def shipped() -> list[NetworkSpec]:
    """Networks shipped with the package, from the cards beside their weights.

    Raises:
        UserError: a card is damaged, or has no specification of a network; the message names it.
    """
    return [_spec_beside(path) for path in sorted(SHIPPED.glob("*.safetensors"))]


def _spec_beside(path: Path) -> NetworkSpec:
    card = read_card(path, ("spec",))
    try:
        return spec_of(card)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path.with_suffix('.json')}: its spec is not that of a network ({error})") from None


def spec_of(card: Mapping[str, Any]) -> NetworkSpec:
    """Specification stored in the card of a weights file."""
    fields = {**card["spec"], "recipe": Recipe(**card["spec"]["recipe"])}
    if "parts" not in fields:
        return NetworkSpec(**fields)
    fields["parts"] = tuple((name, count) for name, count in fields["parts"])
    return UnionSpec(**{**fields, "accelerations": tuple(fields["accelerations"])})


def groups(specs: Iterable[NetworkSpec]) -> list[Group]:
    """Group distinct networks by the data they share."""
    shared: dict[tuple[object, ...], list[NetworkSpec]] = {}
    for spec in {spec.digest: spec for spec in specs}.values():
        plain = (spec.distribution, spec.acceleration, spec.train_slices, spec.source)
        shared.setdefault(plain if type(spec) is NetworkSpec else (spec.digest,), []).append(spec)
    return [tuple(group) for group in shared.values()]


def _train_group(group: Group, folder: Path | None, threads: int, device: str) -> list[tuple[str, float, float]]:
    torch.set_num_threads(threads)
    slices = group[0].training_slices()
    done = []
    for spec in group:
        path = cache_path(spec) if folder is None else folder / f"{spec.name}.safetensors"
        start = time.perf_counter()
        if not is_trained(path, spec):
            try:
                train(spec, path, half=folder is not None, device=device, slices=slices)
            except (ValueError, RuntimeError, MemoryError) as error:
                raise ValueError(f"{spec.name}, {sizes(spec.architecture)}: {str(error).splitlines()[0]}") from error
        done.append((spec.name, time.perf_counter() - start, read_card(path)["validation_ssim"]))
    return done


def train_all(
    specs: Iterable[NetworkSpec],
    folder: Path | None,
    jobs: int,
    report: Callable[[str, float, float], None],
    device: str = "cpu",
) -> None:
    """Train all networks that are not trained yet; the next call after a stop continues from the checkpoints.

    Args:
        specs: the networks; see `running.parameters.networks_of` and `shipped`.
        folder: folder for the weights, in half precision; None keeps them in the cache in full precision.
        jobs: number of networks trained in parallel; one if `distributed.join` has connected processes, which share it.
        report: called as report(name, seconds, validation SSIM) after each network.
        device: device to train on.
    """
    if workers().size > 1:
        for group in groups(specs):
            for one in _train_group(group, folder, torch.get_num_threads(), device):
                if workers().leads:
                    report(*one)
        return
    threads = max(1, min(MAX_THREADS, (os.cpu_count() or 1) // jobs))
    calls = [(group, folder, threads, device) for group in groups(specs)]
    for trained in in_processes(_train_group, calls, jobs):
        for one in trained:
            report(*one)
