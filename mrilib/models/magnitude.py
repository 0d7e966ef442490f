"""Networks that map multi-coil measurements to one magnitude image: paper B's and fastMRI's."""

import copy

import torch
from torch import Tensor

from mrilib.coils import rss
from mrilib.fourier import ifft2c
from mrilib.linop import LinearOperator, Sampling, Sense
from mrilib.models.reconstructor import Reconstructor
from mrilib.models.unet import Unet
from mrilib.models.varnet import VarNet
from mrilib.models.vit import Vit
from mrilib.sampling import center_block

CLAMP = 6  # standard deviations to which fastMRI's U-Net limits its input


class MagnitudeReconstructor(Reconstructor):
    """x = σ·f_θ((z − μ)/σ) + μ, z the zero-filled root-sum-of-squares image, μ and σ its mean and standard deviation.

    Uses no coil maps and returns a real image, (batch, 1, y, x). The published code crops z to the scored size before
    the network and zero-pads the transformer's input before computing μ and σ. Here, the network sees the full image,
    and μ and σ exclude the padding.

    Reference: Lin, Heckel, ICML 2024, App. B.2 and its published code (no ε, unbiased σ).
    """

    def network(self, image: Tensor) -> Tensor:
        """Apply f_θ: (batch, 1, y, x) real → same shape."""
        raise NotImplementedError

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return rss(ifft2c(masked_kspace))

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        deviation, mean = torch.std_mean(initial, dim=(1, 2, 3), keepdim=True)
        return self.network((initial - mean) / deviation).to(initial.dtype) * deviation + mean


class NormUnetReconstructor(MagnitudeReconstructor):
    """Paper B's U-Net.

    Args:
        chans, num_pool_layers: width and depth; with 4 levels, 10, 32 and 128 channels give 757,501, 7,756,097 and
            124,093,697 parameters.
    """

    def __init__(self, chans: int = 32, num_pool_layers: int = 4) -> None:
        super().__init__()
        self.unet = Unet(1, 1, chans, num_pool_layers)

    def network(self, image: Tensor) -> Tensor:
        return self.unet(image)


class NormVitReconstructor(MagnitudeReconstructor):
    """Paper B's vision transformer; arguments as in `Vit`.

    dim, depth, heads = 396, 4, 9 gives 8,029,000 parameters; 1024, 10, 16 gives 127,188,068.
    """

    def __init__(self, dim: int = 396, depth: int = 4, heads: int = 9, patch: int = 10, image_size: int = 320) -> None:
        super().__init__()
        self.vit = Vit(1, 1, dim, depth, heads, patch, image_size)

    def network(self, image: Tensor) -> Tensor:
        return self.vit(image)


class FastmriUnet(MagnitudeReconstructor):
    """fastMRI's U-Net as its own code applies it: standardised within the central crop, and clamped at ±6.

    The network sees only the crop; outside it, the image is the zero-filled one.

    Args:
        chans, num_pool_layers: width and depth (published weights: 256 and 4).

    Reference: Zbontar et al., arXiv:1811.08839; fastMRI 0.3.0 (`UnetDataTransform`).
    """

    size: tuple[int, int] | None = None

    def __init__(self, chans: int = 256, num_pool_layers: int = 4) -> None:
        super().__init__()
        self.unet = Unet(1, 1, chans, num_pool_layers)

    def for_size(self, size: tuple[int, int]) -> "FastmriUnet":
        cropped = copy.copy(self)
        cropped.size = size
        return cropped

    def extra_repr(self) -> str:
        """Crop that affects the result but is not a weight; used in cache keys."""
        return f"size={self.size}"

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        rows, columns = (center_block(*pair) for pair in zip(initial.shape[-2:], self._kept(initial), strict=True))
        seen = initial[..., rows, columns]
        deviation, mean = torch.std_mean(seen, dim=(1, 2, 3), keepdim=True)
        output = self.unet(((seen - mean) / deviation).clamp(-CLAMP, CLAMP)).to(initial.dtype)
        image = initial.clone()
        image[..., rows, columns] = output * deviation + mean
        return image

    def _kept(self, initial: Tensor) -> list[int]:
        whole = initial.shape[-2:]
        return [min(pair) for pair in zip(whole, self.size or whole, strict=True)]


class EndToEndVarNet(Reconstructor):
    """fastMRI's VarNet with its own coil maps; returns the root-sum-of-squares image, (batch, 1, y, x) real.

    Args:
        num_cascades, chans: number and width of the cascades.
        sens_chans: width of the network that estimates the maps. Paper B states 9 (9,340,868 parameters in total), but
            its code uses 8 (9,212,090).
        num_pool_layers: depth of the cascades' U-Nets.
        sens_pools: depth of the U-Net for the maps; that of the cascades when None.

    Reference: Lin, Heckel, ICML 2024, App. B.2; Sriram et al., MICCAI 2020.
    """

    whole_readout = True

    def __init__(
        self,
        num_cascades: int = 8,
        chans: int = 12,
        sens_chans: int = 8,
        num_pool_layers: int = 4,
        sens_pools: int | None = None,
    ) -> None:
        super().__init__()
        self.varnet = VarNet(num_cascades, sens_chans, sens_pools or num_pool_layers, chans, num_pool_layers)

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        return rss(ifft2c(masked_kspace))

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        if not isinstance(A, (Sampling, Sense)):
            raise ValueError(
                f"A must know its mask, as those of linop.Sampling and linop.sense; got {type(A).__name__}"
            )
        return self.varnet(masked_kspace, A.mask)
