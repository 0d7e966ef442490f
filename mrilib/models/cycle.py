"""CycleU-Net of paper A's App. D: one U-Net from under-sampled to full images, an equal one back."""

from torch import Tensor

from mrilib.models.reconstructor import Fidelity, UnetReconstructor
from mrilib.models.scaled import at_unit_scale
from mrilib.models.unet import Unet


class CycleReconstructor(UnetReconstructor):
    """f: A†y → x, the reconstruction, and g: x → A†y, its way back; two U-Nets of one size.

    Called as a reconstructor it is f, a plain U-Net.

    Args:
        chans, num_pool_layers, residual, pinv_iterations, fidelity: as of `UnetReconstructor`, for f; g has the
            same width and depth and no residual.

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
        """g, the image as its under-sampled measurement would show it: (batch, 1, y, x) complex → the same."""
        return at_unit_scale(self.backward_unet, image)
