"""A U-Net that sees the same image in each step of test-time training, with its encoder fixed."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mrilib.linop import LinearOperator
from mrilib.models.reconstructor import Reconstructor
from mrilib.models.unet import Unet, expand


class Decoder(nn.Module):
    """Bottleneck and decoder of a U-Net, with the features that its encoder has of one image.

    Args:
        unet: the U-Net, whose layers are shared.
        image: (n, in_chans, y, x).
    """

    def __init__(self, unet: Unet, image: Tensor) -> None:
        super().__init__()
        self.conv, self.up_transpose_conv, self.up_conv = unet.conv, unet.up_transpose_conv, unet.up_conv
        _, skips = unet.encode(image)
        self.register_buffer("bottom", F.avg_pool2d(skips[-1], 2))
        self.names = [f"skip{level}" for level in range(len(skips))]
        for name, skip in zip(self.names, skips, strict=True):
            self.register_buffer(name, skip)

    def forward(self, image: Tensor) -> Tensor:
        """The U-Net's output for the image that was given at the start; `image` is not used."""
        skips = [self.get_buffer(name) for name in self.names]
        return expand(self.conv(self.bottom), skips, self.up_transpose_conv, self.up_conv)


class _Input(nn.Module):
    """Takes the place of a U-Net, of as many output as input channels, and keeps its input."""

    def forward(self, image: Tensor) -> Tensor:
        self.image = image
        return image


@torch.no_grad()
def fix_encoder(network: Reconstructor, masked_kspace: Tensor, A: LinearOperator) -> None:
    """Replace the U-Net of a network, in place, by its decoder with the encoder's features of one measurement.

    The network is then for this measurement only, and its bottleneck and decoder are all that can be trained. If the
    network fails on the measurement, it stays as it is.
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
    seen = _Input()
    network.add_module("unet", seen)
    try:
        network(masked_kspace, A)
    finally:
        network.add_module("unet", unet)
    network.add_module("unet", Decoder(unet, seen.image))
