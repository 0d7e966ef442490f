"""Copy of a network with layers that are faster on a CPU when it processes one image at a time."""

import copy
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

PLANAR = 4  # dimensions of the weights of a convolution in a plane
Network = TypeVar("Network", bound=nn.Module)


class NormOfOneImage(nn.Module):
    """Instance norm without learned scale; for a batch of one, this is batch norm, which keeps channels last in memory.

    Args:
        eps: added to the variance.
    """

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, image: Tensor) -> Tensor:
        if len(image) > 1:
            return F.instance_norm(image, eps=self.eps)
        return F.batch_norm(image, None, None, training=True, eps=self.eps)


def fast(model: Network) -> Network:
    """Copy of a network that gives the same images up to rounding; a TTT step takes 0.70 (bfloat16: 0.89) of the time.

    Convolutions keep channels last in memory, which suits the processor, and norms do not revert this.
    """
    made = copy.deepcopy(model)
    for parameter in made.parameters():
        if parameter.ndim == PLANAR:
            parameter.data = parameter.data.clone(memory_format=torch.channels_last)
    for parent in list(made.modules()):
        for name, layer in parent.named_children():
            if isinstance(layer, nn.InstanceNorm2d) and not (layer.affine or layer.track_running_stats):
                setattr(parent, name, NormOfOneImage(layer.eps))
    return made
