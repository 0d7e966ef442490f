"""Centred orthonormal Fourier transform of complex tensors: `fft2c` on the last two axes, `fftc` on any."""

from collections.abc import Sequence

import torch
from torch import Tensor

PLANE = (-2, -1)


def fftc(image: Tensor, axes: Sequence[int]) -> Tensor:
    """Fourier transform with the zero frequency at the centre; orthonormal, so Fᴴ = F⁻¹.

    (F x)[k] = (1/√N) Σₙ x[n] exp(−2πi (k − c)(n − c)/N) along each of the axes, with centre c = N // 2.

    Args:
        image: complex or real.
        axes: axes to transform.

    Returns:
        complex, same shape as the image.
    """
    return torch.fft.fftshift(torch.fft.fftn(torch.fft.ifftshift(image, axes), dim=axes, norm="ortho"), axes)


def ifftc(kspace: Tensor, axes: Sequence[int]) -> Tensor:
    """Inverse (and adjoint) of `fftc`."""
    return torch.fft.fftshift(torch.fft.ifftn(torch.fft.ifftshift(kspace, axes), dim=axes, norm="ortho"), axes)


def fft2c(image: Tensor) -> Tensor:
    """`fftc` on the last two axes: (..., y, x) complex or real → (..., ky, kx) complex."""
    return fftc(image, PLANE)


def ifft2c(kspace: Tensor) -> Tensor:
    """Inverse (and adjoint) of `fft2c`: (..., ky, kx) complex → (..., y, x) complex."""
    return ifftc(kspace, PLANE)
