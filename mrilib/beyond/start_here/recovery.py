"""The subject of both papers on one slice: what a network loses on other images, and what TTT recovers."""

import torch
from torch import Tensor

from mrilib.sample import Sample
from mrilib.scoring import reconstruct
from mrilib.train.adaptation import adapt
from mrilib.train.networks import by_name, dataset
from mrilib.ttt import Settings

ACCELERATION = 4
KNEES, BRAINS = "knee_pd", "brain_axt2"
TTT = Settings(2e-3, max_iterations=150, window=30)  # as in notebook 04, with fewer iterations


def recovered(number: int, device: torch.device | str = "cpu") -> tuple[Sample, dict[str, Tensor]]:
    """Reconstruct a simulated T2 brain slice at 4× with shipped U-Nets.

    Args:
        number: index of the test slice.
        device: device to compute on.

    Returns:
        The slice, and its images, (1, 1, y, x) complex, by network: trained on knees with supervision, trained jointly
        on knees and test-time trained on this slice, and trained on brains with supervision.
    """
    sample = dataset(BRAINS, "test", number + 1, ACCELERATION, "simulated")[number].to(device)
    nets = {
        name: by_name(f"unet_{loss}_{data}_{ACCELERATION}x", device)
        for name, (loss, data) in {
            "trained on knees": ("supervised", KNEES),
            "trained on knees, then TTT": ("joint", KNEES),
            "trained on brains": ("supervised", BRAINS),
        }.items()
    }
    images = {name: reconstruct(net, sample) for name, net in nets.items()}
    [tuned] = adapt(nets["trained on knees, then TTT"], [sample], TTT, device=device)
    return sample, images | {"trained on knees, then TTT": tuned.record.image.to(device)}
