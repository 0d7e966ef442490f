"""CycleU-Net of paper A's App. D: one U-Net from under-sampled to full images and another of equal size back."""

from torch import Tensor

from mrilib.models.reconstructor import Fidelity, UnetReconstructor
from mrilib.models.scaled import at_unit_scale
from mrilib.models.unet import Unet


class CycleReconstructor(UnetReconstructor):
    """Reconstruction f: A†y → x and its reverse g: x → A†y, two U-Nets of equal size.

    As a reconstructor, it computes f, a plain U-Net.

    Args:
        chans, num_pool_layers, residual, pinv_iterations, fidelity: as in `UnetReconstructor`, for f; g has the
            same width and depth and no residual connection.

    Reference: Darestani, Liu, Heckel, ICML 2022, App. D, variant 2 and Figure 7; after Zhu et al., ICCV 2017.
    """

    def __init__(
        self,
        chans: int = 64,
        num_pool_layers: int = 4,
        residual: bool = False,
        pinv_iterations: int = 0,
        fidelity: Fidelity = "paper",
    ) -> None:
        super().__init__(chans, num_pool_layers, residual, pinv_iterations, fidelity)
        self.backward_unet = Unet(2, 2, chans, num_pool_layers)

    def degrade(self, image: Tensor) -> Tensor:
        """Apply g, which predicts the under-sampled image: (batch, 1, y, x) complex → same shape."""
        return at_unit_scale(self.backward_unet, image)
