"""A U-Net that sees the same image in each step of test-time training, with its encoder fixed."""

from functools import partial

import torch
from torch import Tensor, nn

from mrilib.linop import LinearOperator
from mrilib.models.reconstructor import Reconstructor
from mrilib.models.unet import Unet


class Constant(nn.Module):
    """A layer whose weights and input do not change: returns the output that it is given, (n, channels, y, x)."""

    output: Tensor

    def __init__(self, output: Tensor) -> None:
        super().__init__()
        self.register_buffer("output", output)

    def forward(self, image: Tensor) -> Tensor:
        return self.output


@torch.no_grad()
def fix_encoder(network: Reconstructor, masked_kspace: Tensor, A: LinearOperator) -> None:
    """Replace the encoder of a network's U-Net, in place, by its features of one measurement.

    The network is then for this measurement only, and its bottleneck and decoder are all that can be trained.
    Networks whose U-Nets see images that depend on the weights, such as `VarNetReconstructor`, and networks without a
    U-Net do not change.

    Args:
        network: the network, modified in place.
        masked_kspace: y, (1, coil, ky, kx) complex.
        A: forward operator of the slice.
    """
    unet = getattr(network, "unet", None)
    if not isinstance(unet, Unet):
        return
    features: dict[int, Tensor] = {}
    hooks = [
        layer.register_forward_hook(partial(_keep, features, level))
        for level, layer in enumerate(unet.down_sample_layers)
    ]
    network(masked_kspace, A)
    for hook in hooks:
        hook.remove()
    for level, feature in features.items():
        unet.down_sample_layers[level] = Constant(feature)


def _keep(features: dict[int, Tensor], level: int, layer: nn.Module, inputs: object, output: Tensor) -> None:
    features[level] = output
