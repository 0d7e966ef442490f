"""Centred orthonormal two-dimensional Fourier transform of complex tensors, on the last two axes."""

import torch
from torch import Tensor

PLANE = (-2, -1)


def fft2c(image: Tensor) -> Tensor:
    """Fourier transform with the zero frequency in the centre; orthonormal, so Fᴴ = F⁻¹.

    (F x)[k] = (1/√N) Σₙ x[n] exp(−2πi (k − c)(n − c)/N) along each axis, with centre c = N // 2.

    Args:
        image: (..., y, x) complex or real.

    Returns:
        (..., ky, kx) complex.
    """
    spectrum = torch.fft.fft2(torch.fft.ifftshift(image, dim=PLANE), dim=PLANE, norm="ortho")
    return torch.fft.fftshift(spectrum, dim=PLANE)


def ifft2c(kspace: Tensor) -> Tensor:
    """Inverse (and adjoint) of `fft2c`.

    Args:
        kspace: (..., ky, kx) complex.

    Returns:
        (..., y, x) complex.
    """
    image = torch.fft.ifft2(torch.fft.ifftshift(kspace, dim=PLANE), dim=PLANE, norm="ortho")
    return torch.fft.fftshift(image, dim=PLANE)
