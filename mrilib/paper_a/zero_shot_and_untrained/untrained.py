"""Reconstruction by a network with random weights, fitted to a single measurement and stopped by self-validation."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.reconstructor import Reconstructor
from mrilib.ttt import Settings, TTTRecord, test_time_train


def random_network(architecture: Mapping[str, Any], seed: int = 0) -> Reconstructor:
    """Build a network with `models.build.build`, with random weights that depend only on the seed."""
    with torch.random.fork_rng(devices=[]):  # torch layers draw only from the global generator
        torch.default_generator.manual_seed(seed)
        return build(architecture).eval()


def fit_untrained(
    architecture: Mapping[str, Any],
    masked_kspace: Tensor,
    mask: Tensor,
    sens_maps: Tensor | None = None,
    settings: Settings | None = None,
    *,
    seed: int = 0,
    **options: Any,
) -> TTTRecord:
    """Minimise ‖y − A f_θ(z)‖₁/‖y‖₁ from random weights θ: test-time training of a network that was never trained.

    Args:
        architecture: see `models.build.build`.
        masked_kspace, mask, sens_maps, settings, options: see `ttt.test_time_train`.
        seed: seed of the weights.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. E.
    """
    model = random_network(architecture, seed).to(masked_kspace.device)
    return test_time_train(model, masked_kspace, mask, sens_maps, settings, **options)


def replace_known(image: Tensor, masked_kspace: Tensor, mask: Tensor, sens_maps: Tensor) -> Tensor:
    """Put the measured k-space back into an image: Sᴴ F⁻¹ (y + (1 − M) F S x).

    Last step of ConvDecoder. It corrects the network's errors at measured locations, but restores their noise.

    Args:
        image: x, (batch, 1, y, x) complex.
        masked_kspace, mask, sens_maps: y, M and S, see `linop.sense`.

    Reference: Zalbagi Darestani, Heckel, IEEE Trans. Comput. Imaging 7, 2021.
    """
    return sense(mask, sens_maps).H(masked_kspace) + sense(~mask, sens_maps).N(image)
