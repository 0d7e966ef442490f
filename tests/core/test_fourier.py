import numpy as np
import pytest
import torch
from laws import assert_close, randn

from mrilib.fourier import fft2c, ifft2c

SIZES = [(8, 8), (9, 6), (7, 5), (1, 4), (10, 14)]


@pytest.mark.parametrize("size", SIZES)
def test_equals_numpy_with_explicit_shifts(size: tuple[int, int]) -> None:
    image = randn(2, 3, *size)
    shifted = np.fft.ifftshift(image.numpy(), axes=(-2, -1))
    expected = np.fft.fftshift(np.fft.fft2(shifted, norm="ortho"), axes=(-2, -1))
    assert_close(fft2c(image), torch.from_numpy(expected))


@pytest.mark.parametrize("size", SIZES)
def test_inverse_undoes_it_in_both_orders(size: tuple[int, int]) -> None:
    x = randn(2, *size)
    assert_close(ifft2c(fft2c(x)), x)
    assert_close(fft2c(ifft2c(x)), x)


@pytest.mark.parametrize("size", SIZES)
def test_centre_pixel_and_zero_frequency_are_at_half_the_size(size: tuple[int, int]) -> None:
    impulse = torch.zeros(size, dtype=torch.complex128)
    impulse[size[0] // 2, size[1] // 2] = 1
    flat = torch.full(size, (size[0] * size[1]) ** -0.5, dtype=torch.complex128)
    assert_close(fft2c(impulse), flat)
    assert_close(fft2c(flat), impulse)


def test_precision_of_the_tensor_is_kept() -> None:
    assert fft2c(randn(4, 4, dtype=torch.complex64)).dtype == torch.complex64
    assert ifft2c(randn(4, 4)).dtype == torch.complex128
