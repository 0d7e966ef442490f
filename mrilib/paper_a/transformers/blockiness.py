"""Visibility of the patch grid in an image."""

import torch
from torch import Tensor


def blockiness(image: Tensor, patch: int) -> Tensor:
    """Mean step between neighbouring pixels across patch borders, divided by the mean step inside patches.

    1 for an image without a visible grid, larger if patches do not fit together. If the patches do not tile the image,
    they extend beyond it on both sides, as in `models.vit.Vit`.

    Args:
        image: magnitudes, (batch, 1, y, x) real.
        patch: side of the square patches.

    Returns:
        (batch,)

    Raises:
        ValueError: the image has no patch border, or nothing but borders.
    """
    across, inside = [], []
    for axis in (-2, -1):
        step = image.diff(dim=axis).abs()
        size = image.shape[axis]
        outside = -size % patch // 2
        border = (torch.arange(1, size, device=image.device) + outside) % patch == 0
        if not border.any() or border.all():
            raise ValueError(
                f"patch {patch}: an image of {tuple(image.shape[-2:])} has no borders and insides to compare"
            )
        across.append(step.index_select(axis, border.nonzero().flatten()).flatten(1))
        inside.append(step.index_select(axis, (~border).nonzero().flatten()).flatten(1))
    return torch.cat(across, 1).mean(1) / torch.cat(inside, 1).mean(1)
