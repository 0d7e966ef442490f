"""Paper A's comparison: four networks on the same slices of Q, three of them also after test-time training."""

from collections.abc import Callable, Mapping, Sequence

import torch

from mrilib.data.catalogue import distribution
from mrilib.data.sources import data_digest
from mrilib.models.reconstructor import Reconstructor
from mrilib.paper_a.experiment import Experiment
from mrilib.sample import Sample
from mrilib.store.tables import Key
from mrilib.train.adaptation import Adapted, adapt
from mrilib.train.networks import network, ssim_without_ttt
from mrilib.ttt import Settings

Scores = dict[str, list[float]]
TUNED = ("joint on Q", "joint on P", "supervised on P")
RUN_ON = "joint on P"  # runs past its stopping point, to show what early stopping prevents


def key(experiment: Experiment, settings: Settings, slices: int) -> Key:
    """Key of stored rows; depends on the networks, the test slices and the settings of test-time training."""
    name, _ = experiment.side("Q")
    return {
        "model": experiment.architecture["name"],
        "shift": experiment.shift,
        "networks": {f"{loss} on {side}": spec.digest for (loss, side), spec in experiment.specs().items()},
        "slices": slices,
        "tests": data_digest(distribution(name), "test", slices, experiment.source),
        "ttt": settings.card,
    }


def networks_of(experiment: Experiment, device: torch.device | str = "cpu") -> dict[str, Reconstructor]:
    """The four trained networks by name, such as "joint on P"."""
    return {f"{loss} on {side}": network(spec, device) for (loss, side), spec in experiment.specs().items()}


def scores_without_ttt(
    networks: Mapping[str, Reconstructor], samples: Sequence[Sample], device: torch.device | str = "cpu"
) -> Scores:
    """SSIM of each slice, by network."""
    return {name: ssim_without_ttt(net, samples, device) for name, net in networks.items()}


def tuned(
    networks: Mapping[str, Reconstructor],
    samples: Sequence[Sample],
    settings: Settings,
    device: torch.device | str = "cpu",
    workers: int = 1,
    done: Callable[[Adapted], None] | None = None,
) -> dict[str, list[Adapted]]:
    """Test-time train every slice with each network in `TUNED`; arguments as in `train.adaptation.adapt`."""
    how = {name: settings.running_on() if name == RUN_ON else settings for name in TUNED}
    return {
        name: adapt(networks[name], samples, how[name], device=device, workers=workers, done=done) for name in TUNED
    }


def scores_with_ttt(adapted: Mapping[str, Sequence[Adapted]]) -> Scores:
    """SSIM of each slice after test-time training, by scheme, and without early stopping for `RUN_ON`."""
    scores = {f"{name} + TTT": [one.ssim for one in records] for name, records in adapted.items()}
    return scores | {f"{RUN_ON} + TTT, no early stopping": [one.last_ssim for one in adapted[RUN_ON]]}
