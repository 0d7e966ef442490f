"""Networks that notebook 04 trains or loads."""

import torch

from mrilib.paper_a.schemes import networks_of, tuned
from mrilib.paper_a.test_time_training.parameters import Parameters
from mrilib.train.networks import NetworkSpec


def networks(p: Parameters) -> list[NetworkSpec]:
    """Supervised and joint networks, on P and on Q (Table 2)."""
    return list(p.experiment.specs().values())


def adapt_slices(p: Parameters, shard: int, shards: int, device: torch.device | str = "cpu") -> None:
    """Test-time train the slices shard, shard + shards, …, and keep the results in the cache."""
    tests = p.experiment.test_slices(p.test_slices)
    samples = [tests[item] for item in range(shard, len(tests), shards)]
    tuned(networks_of(p.experiment, device), samples, p.settings, device, p.workers)
