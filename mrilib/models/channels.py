"""Conversion between complex images and the real channels that networks use."""

import torch
from torch import Tensor


def to_channels(image: Tensor) -> Tensor:
    """Real and imaginary parts as two channels: (batch, 1, y, x) complex → (batch, 2, y, x) real."""
    return torch.view_as_real(image[:, 0]).movedim(-1, 1).contiguous()


def to_image(channels: Tensor) -> Tensor:
    """Inverse of `to_channels`: (batch, 2, y, x) real → (batch, 1, y, x) complex."""
    return torch.view_as_complex(channels.movedim(1, -1).contiguous())[:, None]


def margins(image: Tensor, multiple: int) -> list[int]:
    """Padding left, right, top and bottom (`F.pad`'s order) that makes the last two sizes multiples of `multiple`."""
    missing = [-size % multiple for size in (image.shape[-1], image.shape[-2])]
    return [part for size in missing for part in (size // 2, size - size // 2)]
