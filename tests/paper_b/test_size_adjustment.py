"""Enlarged k-space: the object in the middle of an image twice as large, which a network's output is cropped to."""

import pytest
import torch
from tiny_slices import seed_weights

from mrilib.fourier import fft2c, ifft2c
from mrilib.metrics import center_crop
from mrilib.models.build import build
from mrilib.paper_b.a_diverse_collection import size_mismatch
from mrilib.paper_b.a_diverse_collection.size_adjustment import enlarged, reconstruct_enlarged
from mrilib.paper_b.protocol import slices_to_test
from mrilib.sampling import Undersampling

MASK = Undersampling(4, kind="equispaced").mask("any", 64)
TINY = {"name": "e2e_varnet", "num_cascades": 1, "chans": 2, "sens_chans": 2, "num_pool_layers": 2}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("MRILIB_CACHE", str(tmp_path_factory.getbasetemp() / "size"))


@pytest.fixture
def kspace():
    image = torch.zeros(1, 2, 64, 64, dtype=torch.complex64)
    image[..., 24:40, 24:40] = torch.rand(1, 2, 16, 16, generator=torch.Generator().manual_seed(0)) + 0.5
    return fft2c(image)


def test_the_object_is_in_the_middle_with_its_mean_and_deviation(kspace):
    full = torch.ones(1, 1, 1, 64, dtype=torch.bool)
    large, columns = enlarged(kspace, full)
    assert large.shape == (1, 2, 128, 128)
    assert columns.shape == (1, 1, 1, 128)
    middle, before = center_crop(ifft2c(large), (64, 64)), ifft2c(kspace)
    for one, other in zip(middle[0], before[0], strict=True):
        parts, wanted = torch.view_as_real(one), torch.view_as_real(other)
        assert parts.mean() == pytest.approx(wanted.mean().item(), abs=1e-4)
        assert parts.std() == pytest.approx(wanted.std().item(), rel=1e-3)
    likeness = torch.corrcoef(torch.stack([middle.abs().flatten(), before.abs().flatten()]))[0, 1]
    assert likeness > 0.95


def test_only_repeated_columns_are_sampled(kspace):
    large, columns = enlarged(kspace * MASK, MASK)
    assert torch.equal(columns[..., ::2], MASK)
    assert torch.equal(columns[..., 1::2], MASK)
    assert not large[..., ~columns.flatten()].any()


def test_a_factor_of_one_changes_nothing(kspace):
    same, columns = enlarged(kspace * MASK, MASK, 1)
    torch.testing.assert_close(same, kspace * MASK, atol=1e-4, rtol=1e-4)
    assert torch.equal(columns, MASK)
    with pytest.raises(ValueError, match="factor: expected a whole number of at least 1, got 0"):
        enlarged(kspace, MASK, 0)


def test_an_empty_coil_stays_finite():
    large, _ = enlarged(torch.zeros(1, 1, 64, 64, dtype=torch.complex64), MASK)
    assert large.isfinite().all()


def test_a_network_sees_the_large_image_and_gives_the_small_one():
    slices = slices_to_test("stanford_3d_sagittal", 1)
    sample, model = size_mismatch.halved(slices, 0), seed_weights(build(TINY)).eval()
    assert sample.target.shape[-2:] == (64, 64)
    assert reconstruct_enlarged(model, sample).shape == sample.target.shape
    found = size_mismatch.by_size(model, slices, "mean_std", "cpu")
    assert list(found) == list(size_mismatch.WAYS)
    assert found["as it is"] != found["enlarged"]
    assert [x.shape[-1] for x in size_mismatch.inputs()] == [64, 64, 128]
