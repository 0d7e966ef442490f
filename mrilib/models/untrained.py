"""Untrained networks: fitted from random weights to a single measurement, with fixed noise as input."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mrilib.linop import LinearOperator
from mrilib.models.reconstructor import ImageReconstructor, UnetReconstructor


class DipUnet(UnetReconstructor):
    """Deep image prior with paper A's U-Net: x = f_θ(z), with fixed complex Gaussian noise z.

    Everything else is as in `UnetReconstructor`, so the two differ only in their input.

    Args:
        chans, num_pool_layers: width and depth of the U-Net.
        seed: seed of the noise.

    Reference: Ulyanov, Vedaldi, Lempitsky, CVPR 2018; Darestani, Liu, Heckel, ICML 2022, App. E.
    """

    def __init__(self, chans: int = 64, num_pool_layers: int = 4, seed: int = 0) -> None:
        super().__init__(chans, num_pool_layers)
        self.seed = seed

    def extra_repr(self) -> str:
        """Settings that affect the result but are not weights; used in cache keys."""
        return f"seed={self.seed}"

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        """Noise scaled to the norm of Aᴴy: (batch, 1, y, x) complex."""
        norms = torch.linalg.vector_norm(super().initial(masked_kspace, A), dim=(1, 2, 3), keepdim=True)
        generator = torch.Generator().manual_seed(self.seed)
        noise = torch.randn(masked_kspace.shape[-2:], dtype=masked_kspace.dtype, generator=generator)
        return (noise / torch.linalg.vector_norm(noise)).to(norms.device) * norms


class ConvDecoder(ImageReconstructor):
    """Convolutional decoder on a small fixed input: x = D_θ(z), scaled like Aᴴy.

    Each layer except the last upsamples its input to the next size (nearest neighbour); every layer is a 3×3
    convolution, ReLU and normalisation. A 1×1 convolution mixes the channels into real and imaginary parts; the
    coil maps of A replace the original's one output per coil.

    Args:
        num_layers, chans: depth and width (8 and 160: 1,846,080 parameters; 1,850,560 with 15 coils' 30 outputs).
        in_size: rows and columns of z, uniform on [0, 1).
        seed: seed of z.

    Raises:
        ValueError: fewer than 2 layers or no channels.

    Reference: Zalbagi Darestani, Heckel, IEEE Trans. Comput. Imaging 7, 2021 (ConvDecoder).
    """

    noise: Tensor

    def __init__(self, num_layers: int = 8, chans: int = 160, in_size: Sequence[int] = (8, 4), seed: int = 0) -> None:
        super().__init__(residual=False, pinv_iterations=0, fidelity="paper")
        if num_layers < 2 or chans < 1:
            raise ValueError(f"num_layers must be at least 2 and chans positive, got {num_layers} and {chans}")
        generator = torch.Generator().manual_seed(seed)
        self.register_buffer("noise", torch.rand(1, chans, *in_size, generator=generator))
        self.layers = nn.ModuleList(_layer(chans) for _ in range(num_layers))
        self.mix = nn.Conv2d(chans, 2, 1, bias=False)

    def network(self, channels: Tensor) -> Tensor:
        """D_θ(z) at the size of `channels`, whose values are ignored: (batch, 2, y, x)."""
        features = self.noise.expand(len(channels), -1, -1, -1)
        sizes = layer_sizes(self.noise.shape[-2:], channels.shape[-2:], len(self.layers))
        for size, layer in zip(sizes, self.layers, strict=True):
            features = layer(F.interpolate(features, size))
        return self.mix(features)


def _layer(chans: int) -> nn.Sequential:
    """3×3 convolution, ReLU, per-item normalisation, which for one slice equals the original's batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(chans, chans, 3, padding=1, bias=False), nn.ReLU(), nn.InstanceNorm2d(chans, affine=True)
    )


def layer_sizes(in_size: Sequence[int], out_size: Sequence[int], num_layers: int) -> list[list[int]]:
    """Size in each layer, growing by a constant factor, ⌈in · (out/in)^(n / (L−1))⌉; full size in the last two."""
    steps = num_layers - 1
    pairs = list(zip(in_size, out_size, strict=True))
    grown = [[math.ceil(small * (large / small) ** (n / steps)) for small, large in pairs] for n in range(1, steps)]
    return [*grown, list(out_size), list(out_size)]
