"""Reconstruct with a network of random weights, fitted to the one measurement and stopped by self-validation."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from mrilib.linop import sense
from mrilib.models.build import build
from mrilib.models.reconstructor import Reconstructor
from mrilib.ttt import Settings, TTTRecord, test_time_train


def random_network(architecture: Mapping[str, Any], seed: int = 0) -> Reconstructor:
    """The network that `models.build.build` makes, with random weights that depend on the seed only."""
    with torch.random.fork_rng(devices=[]):  # torch's layers draw from the global generator only
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
        seed: of the weights.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. E.
    """
    return test_time_train(random_network(architecture, seed), masked_kspace, mask, sens_maps, settings, **options)


def replace_known(image: Tensor, masked_kspace: Tensor, mask: Tensor, sens_maps: Tensor) -> Tensor:
    """The image with its measured k-space put back: Sᴴ F⁻¹ (y + (1 − M) F S x).

    ConvDecoder's last step. It undoes what the network got wrong at measured locations, and brings their noise back.

    Args:
        image: x, (batch, 1, y, x) complex.
        masked_kspace, mask, sens_maps: y, M and S, see `linop.sense`.

    Reference: Zalbagi Darestani, Heckel, IEEE Trans. Comput. Imaging 7, 2021.
    """
    return sense(mask, sens_maps).H(masked_kspace) + sense(~mask, sens_maps).N(image)
