"""A mirrored sample is the measurement of the mirrored object."""

import pytest
import torch
from tiny_slices import tiny_sample

from mrilib.fourier import fft2c, ifft2c
from mrilib.sample import mirror, undersample


@pytest.mark.parametrize(
    "mask",
    [torch.ones(shape, dtype=torch.bool) for shape in [(8,), (1, 8), (1, 1, 1, 1, 8), (2, 1, 1, 8), (1, 1, 5, 8)]]
    + [torch.ones(1, 1, 1, 8)],
)
def test_a_mask_of_another_shape_or_type_is_refused(mask):
    with pytest.raises(ValueError, match=r"slice 3: mask must be bool \(1, 1, 1 or 6, 8\), got torch"):
        undersample(torch.ones(2, 6, 8) + 0j, mask, "slice 3")


@pytest.mark.parametrize("size", [(8, 9), (9, 8), (1, 8)])
def test_a_mirrored_k_space_is_that_of_the_mirrored_image(size, generator):
    image = torch.randn(2, *size, dtype=torch.complex64, generator=generator)
    for axis in (-2, -1):
        assert torch.allclose(ifft2c(mirror(fft2c(image), axis)), mirror(image, axis), atol=1e-5)
        places = [(2 * (size[axis] // 2) - n) % size[axis] for n in range(size[axis])]
        assert torch.equal(mirror(image, axis), image.index_select(axis, torch.tensor(places)))


@pytest.mark.parametrize("axis", [-2, -1])
def test_a_mirrored_sample_keeps_its_physics(axis):
    sample = tiny_sample()
    turned = sample.mirrored(axis)
    expected = mirror(sample.operator(sample.reference), axis)
    assert torch.allclose(turned.operator(turned.reference), expected, atol=1e-5)
    assert torch.equal(turned.masked_kspace != 0, mirror(sample.masked_kspace != 0, axis))
    assert torch.equal(turned.mirrored(axis).target, sample.target)
    assert torch.equal(turned.peak, sample.peak)
