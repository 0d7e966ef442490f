"""Unrolled network of ZS-SSL: a small residual CNN alternating with data consistency, with shared weights."""

import math

import torch
from torch import Tensor, nn

from mrilib.linop import LinearOperator
from mrilib.models.channels import to_channels, to_image
from mrilib.models.reconstructor import Reconstructor
from mrilib.solvers import conjugate_gradient

BLOCK_SCALE = 0.1


def _convolution(in_chans: int, out_chans: int) -> nn.Conv2d:
    """3×3 convolution without bias, so that the ReLU network commutes with a change of units."""
    return nn.Conv2d(in_chans, out_chans, 3, padding=1, bias=False)


class ResidualBlock(nn.Module):
    """h ← h + 0.1 · C₂ ReLU(C₁ h)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(_convolution(features, features), nn.ReLU(), _convolution(features, features))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + BLOCK_SCALE * self.layers(hidden)


class ResidualCnn(nn.Module):
    """First convolution, residual blocks and another convolution with a skip connection, last convolution.

    (n, 1, y, x) complex → same shape; 15 blocks of 64 features have 1,145,088 weights.
    """

    def __init__(self, num_blocks: int, features: int) -> None:
        super().__init__()
        self.first = _convolution(2, features)
        blocks = [ResidualBlock(features) for _ in range(num_blocks)]
        self.body = nn.Sequential(*blocks, _convolution(features, features))
        self.last = _convolution(features, 2)

    def forward(self, image: Tensor) -> Tensor:
        channels = to_channels(image)
        hidden = self.first(channels)
        return to_image(self.last(hidden + self.body(hidden)).to(channels.dtype))


class UnrolledReconstructor(Reconstructor):
    """T iterations from x₀ = Aᴴy: z = R_θ(x), x ← (AᴴA + μ)⁻¹ (Aᴴy + μ z) by conjugate gradients from 0.

    θ and μ are shared by all iterations. Gradients are backpropagated through the CG iterations.

    Args:
        num_unrolls: number of iterations T.
        num_blocks, features: depth and width of R_θ.
        cg_iterations: CG iterations per data-consistency step.
        mu: initial value of μ, which is learned as its logarithm so that it stays positive.

    Raises:
        ValueError: an argument that is not positive.

    Reference: Yaman, Hosseini, Akçakaya, ICLR 2022 (ZS-SSL); the defaults are theirs.
    """

    def __init__(
        self,
        num_unrolls: int = 10,
        num_blocks: int = 15,
        features: int = 64,
        cg_iterations: int = 10,
        mu: float = 0.05,
    ) -> None:
        super().__init__()
        if min(num_unrolls, num_blocks, features, cg_iterations) < 1 or not 0 < mu < math.inf:
            raise ValueError("num_unrolls, num_blocks, features, cg_iterations and mu must be positive")
        self.num_unrolls = num_unrolls
        self.cg_iterations = cg_iterations
        self.denoiser = ResidualCnn(num_blocks, features)
        self.log_mu = nn.Parameter(torch.tensor([math.log(mu)]))

    def extra_repr(self) -> str:
        """Settings that affect the result but are not weights; used in cache keys."""
        return f"num_unrolls={self.num_unrolls}, cg_iterations={self.cg_iterations}"

    def initial(self, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        with torch.no_grad():
            return A.H(masked_kspace)

    def refine(self, initial: Tensor, masked_kspace: Tensor, A: LinearOperator) -> Tensor:
        image = initial
        for _ in range(self.num_unrolls):
            image = data_consistency(self.denoiser(image), initial, A, self.log_mu.exp(), self.cg_iterations)
        return image


def data_consistency(denoised: Tensor, adjoint: Tensor, A: LinearOperator, mu: Tensor, iterations: int) -> Tensor:
    """argmin_x ‖A x − y‖² + μ‖x − z‖² = (AᴴA + μ)⁻¹ (Aᴴy + μ z), by conjugate gradients from 0.

    Args:
        denoised: z, (batch, 1, y, x) complex.
        adjoint: Aᴴy, same shape.
        mu: μ > 0, a one-element tensor.
        iterations: maximum number of CG steps.

    Reference: Aggarwal, Mani, Jacob, IEEE Trans. Med. Imaging 38, 2019 (MoDL), eq. (12).
    """
    return conjugate_gradient(lambda x: A.normal(x) + mu * x, adjoint + mu * denoised, iterations)
