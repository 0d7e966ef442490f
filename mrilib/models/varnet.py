"""The end-to-end variational network of fastMRI, with its state_dict keys, and paper A's variants of it."""

import re
from collections.abc import Mapping
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mrilib.coils import normalize_maps, rss
from mrilib.fourier import fft2c, ifft2c
from mrilib.linop import Fourier, LinearOperator, Sense, sense
from mrilib.models.channels import margins, to_channels, to_image
from mrilib.models.reconstructor import Fidelity, Reconstructor, known_fidelity, part_rss
from mrilib.models.unet import Unet
from mrilib.sampling import calibration_width, center_block

FASTMRI_MULTIPLE = 16  # sizes are padded to a multiple of it, however shallow the U-Net
PUBLISHED_BUFFERS = re.compile(r"cascades\.\d+\.zero|ssim_loss\.w")  # constants among paper A's published weights


class NormUnet(nn.Module):
    """U-Net on complex images, with both parts normalised to mean 0 and standard deviation 1 and restored afterwards.

    Args:
        chans, num_pools: width and depth of the U-Net.

    Reference: Sriram et al., MICCAI 2020 (arXiv:2004.06688); fastMRI 0.3.0.
    """

    def __init__(self, chans: int, num_pools: int) -> None:
        super().__init__()
        self.multiple = max(FASTMRI_MULTIPLE, 2**num_pools)
        self.unet = Unet(2, 2, chans, num_pools)

    def forward(self, image: Tensor) -> Tensor:
        """Apply the U-Net: (n, 1, y, x) complex → same shape, any size."""
        channels = to_channels(image)
        std, mean = torch.std_mean(channels, dim=(-2, -1), keepdim=True)
        border = margins(channels, self.multiple)
        output = self.unet(F.pad((channels - mean) / std, border)).to(channels.dtype)
        return to_image(F.pad(output, [-width for width in border]) * std + mean)


class SensitivityModel(nn.Module):
    """Coil maps by a network: Ŝ = N(F⁻¹ of the calibration region (ACS) of y), coil by coil, with Σ_c |Ŝ_c|² = 1.

    Args:
        chans, num_pools: width and depth of its U-Net.

    Reference: Sriram et al., MICCAI 2020, §3.
    """

    def __init__(self, chans: int, num_pools: int) -> None:
        super().__init__()
        self.norm_unet = NormUnet(chans, num_pools)

    def forward(self, masked_kspace: Tensor, mask: Tensor, num_low_frequencies: int | None = None) -> Tensor:
        """Estimate the maps, (batch, coil, ky, kx) → (batch, coil, y, x); the centre defaults to the mask's."""
        center = torch.zeros_like(mask[..., :1, :])
        for item, kept in zip(mask, center, strict=True):
            lines = num_low_frequencies or max(calibration_width(item), 1)
            kept[..., center_block(mask.shape[-1], lines)] = True
        coil_images = ifft2c(masked_kspace * center)
        maps = self.norm_unet(coil_images.flatten(0, 1)[:, None]).view_as(coil_images)
        return normalize_maps(maps)


class FoldedCoils(LinearOperator):
    """F S of a `linop.Sense`, without its mask and in the k-space representation fastest for unrolled networks.

    The shifts of F are folded into the maps as in `Sense`. If the mask keeps whole columns, the readout transform
    commutes with it and is omitted: one k-space axis remains an image axis.
    """

    folded: Tensor
    conjugate: Tensor

    def __init__(self, A: Sense) -> None:
        super().__init__()
        self.axes = (-1,) if A.mask.shape[-2] == 1 else (-2, -1)
        self.to_folded = A.weights.conj()
        self.folded, self.conjugate = A.folded, A.folded.conj().resolve_conj()

    def forward(self, x: Tensor) -> Tensor:
        return torch.fft.fftn(self.folded * x, dim=self.axes, norm="ortho")

    def adjoint(self, y: Tensor) -> Tensor:
        return (self.conjugate * torch.fft.ifftn(y, dim=self.axes, norm="ortho")).sum(1, keepdim=True)

    def enter(self, masked_kspace: Tensor) -> Tensor:
        """Convert measured k-space to this operator's representation."""
        kspace = masked_kspace * self.to_folded
        return torch.fft.ifft(kspace, dim=-2, norm="ortho") if self.axes == (-1,) else kspace

    def coil_images(self, kspace: Tensor) -> Tensor:
        """Coil images of this operator's k-space, up to a phase common to all coils: (batch, coil, y, x)."""
        return torch.fft.ifftn(kspace, dim=self.axes, norm="ortho")


class VarNetBlock(nn.Module):
    """One cascade: k ← k − λ M (k − y) − F S G(Sᴴ F⁻¹ k), with its own λ and network G.

    Reference: Sriram et al., MICCAI 2020, eq. (8).
    """

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.dc_weight = nn.Parameter(torch.ones(1))

    def forward(self, kspace: Tensor, image: Tensor, masked_kspace: Tensor, mask: Tensor, A: LinearOperator) -> Tensor:
        """Compute the next k from k, `image` = Sᴴ F⁻¹ k, y and the mask; A = F S."""
        weight = (mask * self.dc_weight).to(kspace.dtype)
        return torch.lerp(kspace, masked_kspace, weight) - A(self.model(image))


def unroll(cascades: nn.ModuleList, image: Tensor, masked_kspace: Tensor, mask: Tensor, A: LinearOperator) -> Tensor:
    """Run all cascades from k = y; `image` is Sᴴ F⁻¹ y, and each cascade applies A = F S once in each direction."""
    kspace = masked_kspace
    for number, cascade in enumerate(cascades):
        kspace = cascade(kspace, A.adjoint(kspace) if number else image, masked_kspace, mask, A)
    return kspace


def _cascades(number: int, chans: int, num_pools: int) -> nn.ModuleList:
    if number < 1:
        raise ValueError(f"num_cascades must be positive, got {number}")
    return nn.ModuleList(VarNetBlock(NormUnet(chans, num_pools)) for _ in range(number))


class VarNet(nn.Module):
    """fastMRI's end-to-end VarNet: weights of its `fastmri.models.VarNet` load unchanged and give the same output.

    Args:
        num_cascades: number of cascades.
        sens_chans, sens_pools: width and depth of the U-Net that estimates the coil maps.
        chans, pools: width and depth of each cascade's U-Net.

    Reference: Sriram et al., MICCAI 2020 (arXiv:2004.06688); 29,936,966 parameters by default.
    """

    def __init__(
        self, num_cascades: int = 12, sens_chans: int = 8, sens_pools: int = 4, chans: int = 18, pools: int = 4
    ) -> None:
        super().__init__()
        self.sens_net = SensitivityModel(sens_chans, sens_pools)
        self.cascades = _cascades(num_cascades, chans, pools)

    def forward(self, masked_kspace: Tensor, mask: Tensor, num_low_frequencies: int | None = None) -> Tensor:
        """Root-sum-of-squares of the coil images.

        Args:
            masked_kspace: (batch, coil, ky, kx) complex.
            mask: (batch or 1, 1, 1 or ky, kx) bool.
            num_low_frequencies: number of calibration lines; read from the mask when None.

        Returns:
            (batch, 1, y, x) real.
        """
        maps = self.sens_net(masked_kspace, mask, num_low_frequencies)
        A = FoldedCoils(sense(mask, maps))
        kspace = A.enter(masked_kspace)
        return rss(A.coil_images(unroll(self.cascades, A.adjoint(kspace), kspace, mask, A)))


class VarNetReconstructor(Reconstructor):
    """VarNet as used in paper A: with given coil maps, the image is Sᴴ F⁻¹ of the last cascade's k-space.

    Args:
        num_cascades: number of cascades (paper A: 12).
        chans, num_pool_layers: width and depth of each cascade's U-Net (paper A: 18 and 4; 29,452,068 parameters).
        sens_maps: maps used in the cascades: the operator's ("espirit"), or those of a network of fastMRI's size
            applied to the calibration region of y ("network"). The image is combined with the operator's maps in
            both cases.
        fidelity: "code" reproduces paper A's repository: one virtual coil, whose k-space is that of the per-part
            root-sum-of-squares image, and no maps; the published weights can be loaded.

    Raises:
        ValueError: unknown option, or "code" with a sensitivity network.

    Reference: Darestani, Liu, Heckel, ICML 2022, §5; Sriram et al., MICCAI 2020.
    """

    def __init__(
        self,
        num_cascades: int = 12,
        chans: int = 18,
        num_pool_layers: int = 4,
        sens_maps: Literal["espirit", "network"] = "espirit",
        fidelity: Fidelity = "paper",
    ) -> None:
        super().__init__()
        if sens_maps not in ("espirit", "network"):
            raise ValueError(f"sens_maps must be 'espirit' or 'network', got {sens_maps!r}")
        self.fidelity = known_fidelity(fidelity)
        if fidelity == "code" and sens_maps == "network":
            raise ValueError("fidelity='code' has one virtual coil and takes no sens_maps='network'")
        self.sens_net = SensitivityModel(8, 4) if sens_maps == "network" else None
        self.cascades = _cascades(num_cascades, chans, num_pool_layers)

    def extra_repr(self) -> str:
        """Settings that affect the result but are not weights; used in cache keys."""
        return f"fidelity={self.fidelity!r}"

    def load_state_dict(self, state_dict: Mapping[str, Any], *args: Any, **settings: Any) -> Any:
        """Load weights; with fidelity "code", the two kinds of constants in the published checkpoint are ignored."""
        if self.fidelity == "code":
            state_dict = {n: tensor for n, tensor in state_dict.items() if not PUBLISHED_BUFFERS.fullmatch(n)}
        return super().load_state_dict(state_dict, *args, **settings)

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        with torch.no_grad():
            return part_rss(masked_kspace) if self.fidelity == "code" else A.H(masked_kspace)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        if not isinstance(A, Sense):
            raise ValueError(f"A must be an operator of linop.sense, got {type(A).__name__}")
        if self.fidelity == "code":
            return ifft2c(unroll(self.cascades, initial, fft2c(initial), A.mask, Fourier()))
        given = coils = FoldedCoils(A)
        kspace = given.enter(masked_kspace)
        if self.sens_net is not None:
            coils = FoldedCoils(sense(A.mask, self.sens_net(masked_kspace, A.mask)))
            initial = coils.adjoint(kspace)
        return given.adjoint(unroll(self.cascades, initial, kspace, A.mask, coils))
