"""Apply networks that expect inputs of order one to images in any units."""

from collections.abc import Callable

from torch import Tensor

from mrilib.models.channels import to_channels, to_image


def root_mean_square(image: Tensor) -> Tensor:
    """√(mean |x|²) of each batch item, (batch, 1, 1, 1)."""
    return image.abs().square().mean(dim=(1, 2, 3), keepdim=True).sqrt()


def at_unit_scale(network: Callable[[Tensor], Tensor], image: Tensor) -> Tensor:
    """Compute s · network(x / s) on real and imaginary parts as channels, with s the root mean square of x.

    (batch, 1, y, x) complex → same shape.
    """
    scale = root_mean_square(image)
    channels = to_channels(image / scale)
    return to_image(network(channels).to(channels.dtype)) * scale  # autocast gives bfloat16, which has no complex type
