"""What the run of a notebook consists of: networks to train, and slices to test-time train, in parts of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from mrilib.running.cost import Seconds
from mrilib.running.jobs import Job
from mrilib.running.parameters import networks_of
from mrilib.store.project import UserError, hint
from mrilib.store.records import digest
from mrilib.train.networks import NetworkSpec, network, stored


@dataclass(frozen=True)
class Part:
    """A part that can run on a machine of its own; its result goes to the cache, where the notebook finds it.

    Args:
        name: name of the part, such as "train-unet_joint_knee_pd_4x-0a1b2c3d4e5f" or "ttt-0-of-4".
        kind: "train" or "ttt"; test-time training needs all networks.
        seconds: how long it takes, from the seconds of a step; test-time training without an early stop.
        steps: number of optimizer steps times slices.
    """

    name: str
    kind: Literal["train", "ttt"]
    seconds: float
    steps: int


def workload(job: Job, step: Seconds, shards: int = 1) -> list[Part]:
    """Parts of a notebook's run, trainings first.

    Args:
        job: notebook and parameters.
        step: seconds of one step on one slice, by network.
        shards: number of parts that the slices are divided into.
    """
    specs = networks_of(job.section, job.record)
    parts = [_training(spec, step) for spec in specs]
    adapted = _adapted(job)
    if adapted is None:
        return parts
    networks, slices, iterations = adapted
    longest = max(step(spec) for spec in specs)
    for shard in range(min(shards, slices)):
        steps = networks * len(range(shard, slices, shards)) * iterations
        parts.append(Part(f"ttt-{shard}-of-{shards}", "ttt", steps * longest, steps))
    return parts


def _training(spec: NetworkSpec, step: Seconds) -> Part:
    steps = spec.train_slices * spec.recipe.epochs
    return Part(training_name(spec), "train", steps * step(spec), steps)


def training_name(spec: NetworkSpec) -> str:
    """Name of the part that trains a network."""
    return f"train-{spec.name}-{digest(spec.card)[:12]}"


def _adapted(job: Job) -> tuple[int, int, int] | None:
    """(networks, slices, iterations) of a notebook whose slices can be test-time trained in parts."""
    module = import_module(f"{job.section}.networks") if job.section else None
    found = getattr(module, "adaptations", None)
    return found(job.record) if found else None


def compute(job: Job, name: str, device: str) -> dict[str, Any]:
    """Compute one part; what is in the cache already is not computed again.

    Raises:
        UserError: no part of this name.
    """
    kind, _, rest = name.partition("-")
    if kind == "ttt":
        shard, shards = (int(number) for number in rest.split("-of-"))
        import_module(f"{job.section}.networks").adapt_slices(job.record, shard, shards, device)
        return {"part": name}
    specs = {training_name(spec): spec for spec in networks_of(job.section, job.record)}
    if name not in specs:
        raise UserError(f"{job.name}: no part {name!r}{hint(name, specs)}")
    network(specs[name], device)
    return {"part": name, "weights": str(stored(specs[name]))}


def hours(parts: Sequence[Part], kind: str) -> float:
    """Hours of all parts of a kind, one after the other."""
    return sum(part.seconds for part in parts if part.kind == kind) / 3600
