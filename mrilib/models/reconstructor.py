"""Common interface of the reconstruction networks: measurements and operator in, complex image out."""

from typing import Literal

import torch
from torch import Tensor, nn

from mrilib.fourier import ifft2c
from mrilib.linop import LinearOperator
from mrilib.models.channels import to_channels, to_image
from mrilib.models.unet import Unet

Fidelity = Literal["paper", "code"]


class Reconstructor(nn.Module):
    """`model(masked_kspace, A)` → image; subclasses implement `initial`, run once per measurement, and `refine`."""

    whole_readout = False  # whether it was trained on k-space with the readout's oversampling

    def for_size(self, size: tuple[int, int]) -> "Reconstructor":
        """The network for images whose central (y, x) pixels are kept; the same network unless it crops its input."""
        return self

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        """Part that does not depend on the weights, so training computes it once: (batch, 1, y, x) complex."""
        raise NotImplementedError

    def forward(self, masked_kspace: Tensor, A: LinearOperator, initial: Tensor | None = None) -> Tensor:
        """Reconstruct an image.

        Args:
            masked_kspace: y, (batch, coil, ky, kx) complex.
            A: forward operator; see `linop.sense`.
            initial: result of `self.initial`, if already known.

        Returns:
            (batch, 1, y, x) complex, in the units of y.
        """
        if initial is None:
            initial = self.initial(masked_kspace, A)
        return self.refine(initial, masked_kspace, A)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        """Apply the network itself, from `initial` to the image."""
        raise NotImplementedError


def part_rss(masked_kspace: Tensor) -> Tensor:
    """Network input of the published code: √Σ Re² + i·√Σ Im² over the coil images; signs and phase are lost.

    (batch, coil, ky, kx) → (batch, 1, y, x) complex.

    Reference: the repository of Darestani, Liu, Heckel, ICML 2022 (`helpers.py:rss_torch`).
    """
    coil_images = ifft2c(masked_kspace)
    return torch.complex(
        coil_images.real.square().sum(1, keepdim=True).sqrt(),
        coil_images.imag.square().sum(1, keepdim=True).sqrt(),
    )


def known_fidelity(fidelity: Fidelity) -> Fidelity:
    """Return `fidelity`; raises ValueError if it is neither "paper" nor "code"."""
    if fidelity not in ("paper", "code"):
        raise ValueError(f"fidelity must be 'paper' or 'code', got {fidelity!r}")
    return fidelity


class ImageReconstructor(Reconstructor):
    """x = f_θ(A†y) with an image-to-image network on real and imaginary parts as two channels of order 1.

    Args:
        residual: add the input, x = A†y + f_θ(A†y), which ties the phase of the output to that of the input.
        pinv_iterations: conjugate-gradient steps that approximate A†; 0 uses the adjoint Aᴴy.
        fidelity: "code" feeds the per-part root-sum-of-squares of the published code instead of A†y.

    Raises:
        ValueError: unknown fidelity.

    Reference: Darestani, Liu, Heckel, ICML 2022, §2.2 and eq. (2).
    """

    def __init__(self, residual: bool, pinv_iterations: int, fidelity: Fidelity) -> None:
        super().__init__()
        self.residual = residual
        self.pinv_iterations = pinv_iterations
        self.fidelity = known_fidelity(fidelity)

    def network(self, channels: Tensor) -> Tensor:
        """Apply f_θ: (batch, 2, y, x) real → same shape."""
        raise NotImplementedError

    def extra_repr(self) -> str:
        """Settings that affect the result but are not weights; used in cache keys."""
        return f"residual={self.residual}, pinv_iterations={self.pinv_iterations}, fidelity={self.fidelity!r}"

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        with torch.no_grad():
            if self.fidelity == "code":
                return part_rss(masked_kspace)
            if self.pinv_iterations == 0:
                return A.H(masked_kspace)
            return A.pinv(masked_kspace, iterations=self.pinv_iterations)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        scale = initial.abs().square().mean(dim=(1, 2, 3), keepdim=True).sqrt()  # between units of y and order 1
        channels = to_channels(initial / scale)
        output = self.network(channels).to(channels.dtype)  # autocast gives bfloat16, which has no complex type
        image = to_image(output) * scale
        return image + initial if self.residual else image


class UnetReconstructor(ImageReconstructor):
    """Paper A's U-Net.

    Args:
        chans, num_pool_layers: width and depth of the U-Net (paper A: 64 and 4, 31,024,386 parameters).
        residual, pinv_iterations, fidelity: see `ImageReconstructor`.

    Reference: Darestani, Liu, Heckel, ICML 2022, §5.
    """

    def __init__(
        self,
        chans: int = 64,
        num_pool_layers: int = 4,
        residual: bool = False,
        pinv_iterations: int = 0,
        fidelity: Fidelity = "paper",
    ) -> None:
        super().__init__(residual, pinv_iterations, fidelity)
        self.unet = Unet(2, 2, chans, num_pool_layers)

    def network(self, channels: Tensor) -> Tensor:
        return self.unet(channels)
