"""The fastMRI U-Net (Ronneberger et al., 2015; Zbontar et al., arXiv:1811.08839), with its state_dict keys."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.2


class ConvBlock(nn.Module):
    """Two blocks of 3×3 convolution, instance norm, leaky ReLU and dropout: (n, in, y, x) → (n, out, y, x)."""

    def __init__(self, in_chans: int, out_chans: int, drop_prob: float) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for chans in (in_chans, out_chans):
            layers += [
                nn.Conv2d(chans, out_chans, 3, padding=1, bias=False),
                nn.InstanceNorm2d(out_chans),
                nn.LeakyReLU(SLOPE, inplace=True),
                nn.Dropout2d(drop_prob) if drop_prob else nn.Identity(),
            ]
        self.layers = nn.Sequential(*layers)

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class TransposeConvBlock(nn.Module):
    """2×2 transposed convolution of stride 2, instance normalisation, leaky ReLU: doubles the size."""

    def __init__(self, in_chans: int, out_chans: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ConvTranspose2d(in_chans, out_chans, 2, stride=2, bias=False),
            nn.InstanceNorm2d(out_chans),
            nn.LeakyReLU(SLOPE, inplace=True),
        )

    def forward(self, image: Tensor) -> Tensor:
        return self.layers(image)


class Unet(nn.Module):
    """U-Net with `num_pool_layers` downsampling steps and widths chans, 2·chans, ….

    Args:
        in_chans, out_chans: channels of input and output.
        chans: width of the first level.
        num_pool_layers: number of levels below the first.
        drop_prob: dropout probability.

    Raises:
        ValueError: no channels or no levels.
    """

    def __init__(
        self,
        in_chans: int,
        out_chans: int,
        chans: int = 32,
        num_pool_layers: int = 4,
        drop_prob: float = 0.0,
    ) -> None:
        super().__init__()
        if min(in_chans, out_chans, chans, num_pool_layers) < 1:
            raise ValueError(f"channels and num_pool_layers must be positive, got {chans} and {num_pool_layers}")
        widths = level_widths(chans, num_pool_layers)
        deepest = 2 * widths[-1]
        self.down_sample_layers = nn.ModuleList(
            ConvBlock(before, width, drop_prob) for before, width in zip([in_chans, *widths[:-1]], widths, strict=True)
        )
        self.conv = ConvBlock(widths[-1], deepest, drop_prob)
        self.up_transpose_conv, self.up_conv = up_path(widths, out_chans, drop_prob)

    def encode(self, image: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Bottleneck features, and the skip connections from the first level down."""
        skips = []
        for layer in self.down_sample_layers:
            image = layer(image)
            skips.append(image)
            image = F.avg_pool2d(image, 2)
        return self.conv(image), skips

    def forward(self, image: Tensor) -> Tensor:
        """Apply the U-Net: (n, in_chans, y, x) → (n, out_chans, y, x), any size with more than one bottleneck pixel."""
        return expand(*self.encode(image), self.up_transpose_conv, self.up_conv)


def level_widths(chans: int, num_pool_layers: int) -> list[int]:
    """Widths chans, 2·chans, …, one per level above the bottleneck."""
    return [chans * 2**level for level in range(num_pool_layers)]


def up_path(widths: Sequence[int], out_chans: int, drop_prob: float) -> tuple[nn.ModuleList, nn.ModuleList]:
    """Layers from the bottleneck to the output: one upsampling and one convolution block per level."""
    upsamplers = nn.ModuleList(TransposeConvBlock(2 * w, w) for w in reversed(widths))
    layers = nn.ModuleList(ConvBlock(2 * w, w, drop_prob) for w in reversed(widths[1:]))
    last = nn.Conv2d(widths[0], out_chans, 1)
    layers.append(nn.Sequential(ConvBlock(2 * widths[0], widths[0], drop_prob), last))
    return upsamplers, layers


def expand(image: Tensor, skips: Sequence[Tensor], upsamplers: nn.ModuleList, layers: nn.ModuleList) -> Tensor:
    """Decode the outputs of `Unet.encode` with the layers of an `up_path`."""
    for upsample, layer, skip in zip(upsamplers, layers, reversed(skips), strict=True):
        image = _match_size(upsample(image), skip)
        image = layer(torch.cat([image, skip], dim=1))
    return image


def _match_size(image: Tensor, like: Tensor) -> Tensor:
    """Reflect-pad one row or column where an odd size was halved on the way down."""
    missing = [like.shape[-1] - image.shape[-1], like.shape[-2] - image.shape[-2]]
    return F.pad(image, [0, missing[0], 0, missing[1]], "reflect") if any(missing) else image
