"""Parts of a notebook's run that can be computed separately: networks to train, and slices to test-time train."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from mrilib.running.check import tuning_steps
from mrilib.running.cost import Seconds
from mrilib.running.jobs import Job
from mrilib.running.parameters import networks_of
from mrilib.running.slice_lists import slice_lists
from mrilib.store.project import UserError, hint
from mrilib.store.records import digest
from mrilib.train.networks import NetworkSpec, network, stored

SHARD = re.compile(r"ttt-(\d+)-of-(\d+)")


@dataclass(frozen=True)
class Part:
    """A part that can run on a separate machine; its result goes to the cache, where the notebook finds it.

    Args:
        name: name of the part, such as "train-unet_joint_knee_pd_4x-0a1b2c3d4e5f" or "ttt-0-of-4".
        kind: "train", "ttt" (needs all networks), or "inside": test-time training that only the notebook itself does.
        seconds: estimated duration from the seconds per step; for test-time training, without early stopping.
        steps: number of optimizer steps times slices.
    """

    name: str
    kind: Literal["train", "ttt", "inside"]
    seconds: float
    steps: int


def workload(job: Job, step: Seconds, shards: int = 1) -> list[Part]:
    """Parts of a notebook's run, training first; none if it neither trains nor loads a network.

    Args:
        job: notebook and parameters.
        step: seconds of one step on one slice, by network.
        shards: number of parts into which the slices are divided.
    """
    specs = networks_of(job.section, job.record)
    parts = [_training(spec, step) for spec in specs]
    lists = slice_lists(job.section, job.record)
    tests = sum(count for (_, split), count in lists.items() if split == "test")
    if not specs or not tuning_steps(job.record, tests):
        return parts
    longest = max(step(spec) for spec in specs)
    split = _adapt_slices(job) is not None
    shards = min(shards, tests) if split else 1
    for shard in range(shards):
        steps = tuning_steps(job.record, len(range(shard, tests, shards)))
        parts.append(Part(f"ttt-{shard}-of-{shards}", "ttt" if split else "inside", steps * longest, steps))
    return parts


def _training(spec: NetworkSpec, step: Seconds) -> Part:
    steps = spec.train_slices * spec.recipe.epochs
    return Part(training_name(spec), "train", steps * step(spec), steps)


def training_name(spec: NetworkSpec) -> str:
    """Name of the part that trains a network."""
    return f"train-{spec.name}-{digest(spec.card)[:12]}"


def to_do(job: Job, parts: Sequence[Part]) -> list[Part]:
    """Parts that remain, without the training of networks that are shipped or in the cache."""
    there = {training_name(spec) for spec in networks_of(job.section, job.record) if stored(spec) is not None}
    return [part for part in parts if part.name not in there]


def _adapt_slices(job: Job) -> Callable[..., None] | None:
    """Function of a section that test-time trains some of its slices: (parameters, shard, shards, device)."""
    return getattr(import_module(f"{job.section}.networks"), "adapt_slices", None)


def compute(job: Job, name: str, device: str) -> dict[str, Any]:
    """Compute one part; results that are already in the cache are not computed again.

    Raises:
        UserError: no part has this name.
    """
    specs = {training_name(spec): spec for spec in networks_of(job.section, job.record)}
    if name in specs:
        network(specs[name], device)
        return {"part": name, "weights": str(stored(specs[name]))}
    found = SHARD.fullmatch(name)
    adapt = _adapt_slices(job) if specs and found else None
    if found is None or adapt is None or int(found[1]) >= int(found[2]):
        raise UserError(f"{job.name}: no part {name!r}{hint(name, specs)}; `mrilib plan --parts FILE` lists them")
    adapt(job.record, int(found[1]), int(found[2]), device)
    return {"part": name}


def hours(parts: Sequence[Part], *kinds: str) -> float:
    """Hours that all parts of some kinds take one after another."""
    return sum(part.seconds for part in parts if part.kind in kinds) / 3600
