"""Networks of order one on images in any units."""

from collections.abc import Callable

from torch import Tensor

from mrilib.models.channels import to_channels, to_image


def root_mean_square(image: Tensor) -> Tensor:
    """√(mean |x|²) of each batch item, (batch, 1, 1, 1)."""
    return image.abs().square().mean(dim=(1, 2, 3), keepdim=True).sqrt()


def at_unit_scale(network: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """s · network(x / s) on real and imaginary part as channels, s the root mean square of x.

    (batch, 1, y, x) complex → the same.
    """
    scale = root_mean_square(image)
    channels = to_channels(image / scale)
    return to_image(network(channels).to(channels.dtype)) * scale  # autocast gives bfloat16: no complex of it
