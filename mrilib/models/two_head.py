"""The two-head U-Net of paper A's App. D: one encoder, a decoder for the reconstruction and one for denoising."""

import torch
from torch import Tensor, nn

from mrilib.models.reconstructor import Fidelity, UnetReconstructor
from mrilib.models.scaled import at_unit_scale, root_mean_square
from mrilib.models.unet import expand, level_widths, up_path


class Decoder(nn.Module):
    """Decoder half of a U-Net, applied to the encoding of another U-Net."""

    def __init__(self, out_chans: int, chans: int, num_pool_layers: int) -> None:
        super().__init__()
        widths = level_widths(chans, num_pool_layers)
        self.up_transpose_conv, self.up_conv = up_path(widths, out_chans, drop_prob=0.0)

    def forward(self, bottom: Tensor, skips: list[Tensor]) -> Tensor:
        """Decode the outputs of `Unet.encode` → (n, out_chans, y, x)."""
        return expand(bottom, skips, self.up_transpose_conv, self.up_conv)


class TwoHeadReconstructor(UnetReconstructor):
    """Main task x = D_θ(E_β(A†y)); auxiliary task A†y ≈ D_ϑ(E_β(A†y + z)) with complex white noise z.

    As a reconstructor, it performs the main task and is a plain U-Net.

    Args:
        chans, num_pool_layers, residual, pinv_iterations, fidelity: as in `UnetReconstructor`; the auxiliary task
            has the same input but never a residual connection, which would pass the noise through.
        noise: standard deviation of z relative to the root mean square of A†y (not stated in the paper).

    Raises:
        ValueError: unknown fidelity, or noise that is not positive.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D, variant 1; after Sun et al., ICML 2020.
    """

    def __init__(
        self,
        chans: int = 64,
        num_pool_layers: int = 4,
        residual: bool = False,
        pinv_iterations: int = 0,
        fidelity: Fidelity = "paper",
        noise: float = 0.1,
    ) -> None:
        super().__init__(chans, num_pool_layers, residual, pinv_iterations, fidelity)
        if not noise > 0:
            raise ValueError(f"noise must be positive, got {noise}: without it there is nothing to remove")
        self.noise = noise
        self.denoiser = Decoder(2, chans, num_pool_layers)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, noise={self.noise}"

    def noisy(self, initial: Tensor, generator: torch.Generator) -> Tensor:
        """A†y + z, with z drawn on the generator's device so that it is the same on every device."""
        drawn = torch.randn(initial.shape, dtype=initial.dtype, generator=generator, device=generator.device)
        return initial + self.noise * root_mean_square(initial) * drawn.to(initial.device)

    def denoise(self, noisy: Tensor) -> Tensor:
        """Apply D_ϑ(E_β(·)): (batch, 1, y, x) complex → same shape."""
        return at_unit_scale(lambda channels: self.denoiser(*self.unet.encode(channels)), noisy)
